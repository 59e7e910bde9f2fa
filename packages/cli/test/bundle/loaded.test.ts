import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SELDOM } from '../../bundle/seldom.ts';
import { CommitBench } from '../support/commit-bench.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
  await bench.made('box', { file: 'x' });
});
afterAll(async () => {
  await bench.clear();
  bench.close();
});

const main = realpathSync(fileURLToPath(new URL('../../dist/main.js', import.meta.url)));

/** The bundle's files that a command loads, less what tells one build of them from another, as V8 tells what of them it ran. */
function loadedBy(...words: string[]): string[] {
  const told = join(bench.work, words.join('-'));
  const env = { ...process.env, MICA_ROOT: bench.root, NODE_V8_COVERAGE: told };
  const flags = ['--disable-warning=ExperimentalWarning', main];
  const { status, stderr } = spawnSync(process.execPath, [...flags, ...words], { env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  const urls = readdirSync(told).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(told, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
  const own = urls.filter((url) => url.startsWith(`file://${dirname(main)}/`));
  return own.map((url) => url.slice(url.lastIndexOf('/') + 1).replace(/-[\w-]{8}\.js$/, '')).sort();
}

it.each([
  ['ps', ['ps', '-a'], ['main.js', 'mica', 'rolldown-runtime']],
  ['commit', ['commit', 'box', 'made:1'], ['commit', 'main.js', 'mica', 'rolldown-runtime']],
  ['commit', ['commit', '--incremental', 'box', 'made:2'], ['commit', 'main.js', 'mica', 'rolldown-runtime']],
  ['diff', ['diff', 'box'], ['commit', 'main.js', 'mica', 'rolldown-runtime']],
])(`%s, as %j, loads two files of its own, and not the one that is called ${SELDOM}`, (_, words, files) => {
  expect(loadedBy(...words)).toEqual(files);
});
