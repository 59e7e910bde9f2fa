import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runFolder } from '@mica/engine';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { CommitBench } from '../support/commit-bench.ts';
import { dying } from '../support/dying.ts';
import { interrupted } from '../support/interrupt.ts';
import { bin } from '../support/mica.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

it('system check finds a flipped bit and a missing blob; system prune leaves nothing that nothing refers to', async () => {
  const config = bench.configOf(
    await bench.okHere('commit', await bench.made('box', { big: Buffer.alloc(100_000, 7) }), 'box:1'),
  );
  expect(bench.ok('system', 'check')).toMatch(/^\d+ blobs \(.*\), \d+ layers, \d+ images: all whole$/);
  const top = config.rootfs.diff_ids.at(-1).slice(7);
  const blob = join(bench.root, 'blobs/sha256', top);
  const bytes = readFileSync(blob);
  bytes[70_000] = 8;
  writeFileSync(blob, bytes);
  expect(bench.mica('system', 'check')).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      new RegExp(`damaged: blob ${top.slice(0, 12)}: .* does not match its digest[\\s\\S]*1 damaged`),
    ),
  });
  writeFileSync(join(bench.root, 'blobs/sha256', 'f'.repeat(64)), 'left by a crash');
  bench.engine.images.remove('box:1', true);
  expect(await bench.okHere('system', 'prune', '-f')).toMatch(
    /^Deleted Containers:\n[0-9a-f]{64}\n\n[\s\S]*Total reclaimed space: \d/,
  );
  expect(readdirSync(join(bench.root, 'blobs/sha256')).length).toBe(3);
  expect((await bench.here('system', 'prune')).out).toMatch(
    /WARNING! This will remove:\n {2}- all stopped containers\n/,
  );
});

it('system check tells of a volume whose files are lost: the next container would find it empty, without a word', async () => {
  await bench.okHere('volume', 'create', 'data');
  expect(bench.ok('system', 'check')).toMatch(/: all whole$/);
  rmSync(join(bench.root, 'volumes/data'), { recursive: true });
  expect(bench.mica('system', 'check')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/damaged: volume data: what was in it is lost/),
  });
  await bench.okHere('volume', 'rm', 'data');
  expect(bench.ok('system', 'check')).toMatch(/: all whole$/);
});

it('system check tells of containers whose folder is lost, and of what stands in the place of the run folder', async () => {
  bench.ok('create', '--name', 'kept', '--network', 'none', 'base:1', 'sh'); // by a process that has ended
  const folder = join(bench.root, 'containers');
  renameSync(folder, `${folder}.aside`);
  const lost = {
    code: 1,
    out: expect.stringMatching(/damaged: container kept: its folder .* is gone, or its making was cut off/),
  };
  expect(bench.mica('system', 'check')).toMatchObject(lost);
  mkdirSync(folder);
  expect(bench.mica('system', 'check')).toMatchObject(lost);
  rmSync(folder, { recursive: true });
  renameSync(`${folder}.aside`, folder);

  const run = runFolder(bench.root);
  rmSync(run, { recursive: true, force: true });
  symlinkSync(join(bench.root, 'nowhere'), run);
  expect(bench.mica('system', 'check')).toMatchObject({
    code: 1,
    out: expect.stringContaining(`damaged: ${run} leads to no folder\n`),
  });
  rmSync(run);
  expect(bench.ok('system', 'check')).toMatch(/: all whole$/);
});

it.each([
  ['making', 'before', ['create', '--name', 'half', '--network', 'none', 'base:1', 'sh']],
  ['removal', 'after', ['rm', 'half']],
] as const)('system check says what to do with a container whose %s kill -9 cut off', async (what, when, args) => {
  if (what === 'removal') await bench.okHere('run', '--name', 'half', '--network', 'none', 'base:1', 'true');
  const killed = bench.store.run(args, { env: dying(bench.work, when, 'renameSync', '/containers/') });
  expect(killed.code).toBe(null);
  const { out } = bench.mica('system', 'check');
  expect(/: container half: .* its (\w+) was cut off: mica rm half takes/.exec(out)?.[1], out).toBe(what);
  await bench.okHere('rm', 'half');
  expect(bench.ok('system', 'check')).toMatch(/: all whole$/);
});

it('Ctrl-C in a check of much, and in an import of what does not come: the exit code of the signal, and a word', async () => {
  await bench.okHere('commit', await bench.made('big', { big: 'big' }), 'big:1');
  const top = bench.configOf(bench.engine.images.inspect('big:1').Id).rootfs.diff_ids.at(-1).slice(7);
  truncateSync(join(bench.root, 'blobs/sha256', top), 2 ** 36); // half a minute to read
  const check = await interrupted(bench.store, ['system', 'check'], new RegExp(`${top}$`));
  expect(check).toEqual([130, 'mica: interrupted, not all of it was looked at\n']);
  const begin = (await makeTar([{ name: 'x', body: Buffer.alloc(1 << 20) }])).subarray(0, 1 << 15);
  const half = await interrupted(bench.store, ['import', '-', 'half:1'], /\/blobs\/tmp\/[^/]+$/, begin);
  expect(half).toEqual([130, 'mica: interrupted, nothing was kept\n']);
  const ended = await interrupted(bench.store, ['import', '-', 'half:1'], /\/blobs\/tmp\/[^/]+$/, begin, 'SIGTERM');
  expect(ended).toEqual([143, 'mica: interrupted, nothing was kept\n']);
  expect(bench.tags()).not.toContain('half:1');
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in a load: exit code %i, a word, and no blob of it is kept', async (signal, code) => {
  const blobs = join(bench.root, 'blobs/sha256');
  const before = readdirSync(blobs).sort();
  const whole = Buffer.alloc(1 << 15, signal);
  const name = `blobs/sha256/${createHash('sha256').update(whole).digest('hex')}`;
  const tar = await makeTar([
    { name, body: whole },
    { name: `blobs/sha256/${'1'.repeat(64)}`, body: Buffer.alloc(1 << 20) },
  ]);
  const begin = tar.subarray(0, 1 << 17);
  const load = await interrupted(bench.store, ['load'], /\/blobs\/tmp\/[^/]+$/, begin, signal);
  expect(load).toEqual([code, 'mica: interrupted, nothing was kept\n']);
  expect(readdirSync(blobs).sort()).toEqual(before);
});

it('a command that ends with nothing left to wait for, and not at its end, says so and fails', () => {
  const preload = join(bench.root, 'no-answer.cjs');
  writeFileSync(preload, "require('fs').read = () => {};"); // a read that is never answered
  const env = { ...process.env, MICA_ROOT: bench.root, NODE_OPTIONS: `--require=${preload}` };
  const { status, stderr } = spawnSync(bin, ['system', 'check'], { env, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'mica: the command ended before its work was done, and nothing says why: run it again\n',
  });
});
