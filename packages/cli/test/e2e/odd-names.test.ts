import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';
import { bin } from '../support/store.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

it("diff writes a container's names byte for byte, as it does those of two images", async () => {
  const name = Buffer.from('bad\xff\xfe\x9b31m\x1b[31m', 'latin1');
  const upper = bench.upperOf(await bench.made('odd'));
  writeFileSync(Buffer.concat([Buffer.from(`${upper}/`), name]), '');
  const env = { ...process.env, MICA_ROOT: bench.root };
  const line = Buffer.concat([Buffer.from('A /'), name, Buffer.from('\n')]);
  expect(spawnSync(bin, ['diff', 'odd'], { env }).stdout).toEqual(line);
  await bench.okHere('commit', 'odd', 'odd:1');
  expect(spawnSync(bin, ['diff', 'base:1', 'odd:1'], { env }).stdout.includes(line)).toBe(true);
});

it('an error about a name does not drive the terminal', async () => {
  await bench.made('odd');
  const shown = 'no\\u001b[31m\\u009b\\u202esuch';
  expect(await bench.here('cp', 'odd:/no\x1b[31m\x9b\u202esuch', 'x')).toEqual({
    code: 1,
    out: '',
    err: `mica: Could not find the file /${shown} in container odd\n  mica cp odd:/ - | tar -t lists what is there\n`,
  });
});

it('names that no image can hold: which, and what to do', async () => {
  const upper = bench.upperOf(await bench.made('odd', { '.wh.': '' }));
  expect((await bench.here('commit', 'odd')).err).toContain(
    '/.wh.: a file named .wh.* would delete a file in the image\n',
  );
  spawnSync('sh', ['-c', `setfattr -n user.a=b -v c ${join(upper, '.wh.')}`]);
  expect(await bench.okHere('diff', 'odd')).toBe('A /.wh.'); // which asks for no image
  await bench.clear();
  const long = Array.from({ length: 15 }, () => 'd'.repeat(250));
  const other = bench.upperOf(await bench.made('odd'));
  expect(other).not.toBe(upper);
  mkdirSync(join(other, ...long.slice(0, 8)), { recursive: true });
  const deep = long.slice(8).join('/');
  const made = spawnSync(
    'sh',
    ['-c', `mkdir -p ${deep} && cd ${deep} && mkdir -p ${'e'.repeat(250)}/${'f'.repeat(250)}`],
    {
      cwd: join(other, ...long.slice(0, 8)),
    },
  );
  expect(String(made.stderr)).toBe('');
  expect((await bench.here('commit', 'odd')).err).toMatch(
    /^mica: \/d{60}…: a path in it is longer than 4,095 bytes\n {2}give its folders shorter names.*\n$/,
  );
  spawnSync('sh', ['-c', `cd ${deep} && rm -rf e*`], { cwd: join(other, ...long.slice(0, 8)) });
});
