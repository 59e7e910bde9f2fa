import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';
import { bin } from '../support/store.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
  await bench.made('box', { 'etc/a': 'a' });
});
afterAll(() => bench.close());

/** A command that made calls of the C library's, so that it ends at once; its output in files. */
function commit(env: Record<string, string>, ...args: string[]) {
  const [out, err] = ['out', 'err'].map((name) => join(bench.work, name)) as [string, string];
  const files = [openSync(out, 'w'), openSync(err, 'w')];
  const { status } = spawnSync(bin, ['commit', ...args], {
    env: { ...process.env, MICA_ROOT: bench.root, ...env },
    stdio: ['ignore', ...files],
  });
  for (const fd of files) closeSync(fd);
  return { status, out: readFileSync(out, 'utf8'), err: readFileSync(err, 'utf8') };
}

it('a command that ends at once has said all that it had to say, and its exit code is its own', () => {
  expect(commit({}, '--full', 'box', 'a:1')).toEqual({
    status: 0,
    out: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/),
    err: '',
  });
  expect(commit({}, '--full', 'box', 'UPPER:1')).toMatchObject({
    status: 1,
    out: '',
    err: expect.stringMatching(/\n$/),
  });
});

it('what Node has to write at its end is written', () => {
  const [covered, profiled] = ['covered', 'profiled'].map((name) => join(bench.work, name)) as [string, string];
  for (const folder of [covered, profiled]) mkdirSync(folder);
  expect(commit({ NODE_V8_COVERAGE: covered }, '--full', 'box').status).toBe(0);
  expect(readdirSync(covered).length).toBeGreaterThan(0);
  expect(commit({ NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiled}` }, '--full', 'box').status).toBe(0);
  expect(readdirSync(profiled).length).toBeGreaterThan(0);
});
