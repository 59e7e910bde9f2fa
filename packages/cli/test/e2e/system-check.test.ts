import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { CommitBench } from '../support/commit-bench.ts';
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

/** Interrupts a command once it has a file open whose path ends so; its exit code and what it said. */
async function interrupted(
  args: readonly string[],
  file: RegExp,
  input: Uint8Array = Buffer.alloc(0),
): Promise<[unknown, string]> {
  const child = bench.store.spawn(args);
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.write(input);
  const open = `/proc/${child.pid}/fd`;
  const begun = setInterval(() => {
    if (!openAt(open).some((path) => file.test(path))) return;
    clearInterval(begun);
    child.kill('SIGINT');
  }, 2);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(begun);
  return [code, err];
}
/** What a process has open; nothing once it has ended. */
function openAt(folder: string): string[] {
  try {
    return readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
  } catch {
    return []; // a moment later it is there, or closed
  }
}

it('Ctrl-C in a check of much, and in an import of what does not come: exit code 130, and a word', async () => {
  const id = await bench.made('big', { big: '' });
  truncateSync(join(bench.upperOf(id), 'big'), 2 ** 30); // some 700 ms to read
  await bench.okHere('commit', id, 'big:1');
  const top = bench.configOf(bench.engine.images.inspect('big:1').Id).rootfs.diff_ids.at(-1).slice(7);
  const check = await interrupted(['system', 'check'], new RegExp(`${top}$`));
  expect(check).toEqual([130, 'mica: interrupted, not all of it was looked at\n']);
  const begin = (await makeTar([{ name: 'x', body: Buffer.alloc(1 << 20) }])).subarray(0, 1 << 15);
  const half = await interrupted(['import', '-', 'half:1'], /\/blobs\/tmp\/[^/]+$/, begin);
  expect(half).toEqual([130, 'mica: interrupted, nothing was kept\n']);
  expect(bench.tags()).not.toContain('half:1');
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
