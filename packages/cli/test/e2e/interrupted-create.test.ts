import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';

const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));
let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
  const files = Object.fromEntries(
    Array.from({ length: 6000 }, (_, i) => [`many/d${i % 60}/f${i}`, `${i}`.repeat(2000)]),
  );
  await bench.made('big', files);
  bench.ok('commit', 'big', 'big:1');
});
afterAll(async () => {
  await bench.clear();
  bench.close();
});

const layers = () => join(bench.root, 'layers');
/** None is unpacked. */
beforeEach(() => {
  for (const name of readdirSync(layers())) rmSync(join(layers(), name), { recursive: true, force: true });
});

/** The command, interrupted while a layer is unpacked. */
async function interrupted(...args: string[]) {
  const run = spawn(bin, args, { env: { ...process.env, MICA_ROOT: bench.root }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (text) => (said += text));
  const ended = once(run, 'close');
  while (run.exitCode === null && !readdirSync(layers()).some((name) => name.startsWith('.tmp-'))) await sleep(1);
  run.kill('SIGINT');
  const [code] = await ended;
  return { code, said };
}
const names = () => bench.ok('ps', '-a', '--format', '{{.Names}} {{.Status}}').split('\n');

it.each([
  ['create', ['create', '--name', 'cut', 'big:1', 'true']],
  ['run', ['run', '-d', '--name', 'cut', 'big:1', 'true']],
])('%s that is interrupted while it unpacks leaves no container, and says so', async (_, args) => {
  const { code, said } = await interrupted(...args);
  expect({ code, said }).toMatchObject({
    code: 130,
    said: expect.stringContaining('interrupted, no container was made'),
  });
  expect(names()).toEqual(['big Created']);
  expect(bench.ok('system', 'check')).toContain('all whole');
  bench.ok('create', '--name', 'cut', 'big:1', 'true');
  bench.ok('rm', 'cut');
});

it('fork that is interrupted leaves neither container nor image of it', async () => {
  const images = bench.ok('images', '-aq', '--no-trunc');
  const { code, said } = await interrupted('fork', '-n', '2', 'big');
  expect({ code, said }).toMatchObject({
    code: 130,
    said: expect.stringContaining('interrupted, no container was started'),
  });
  expect(names()).toEqual(['big Created']);
  expect(bench.ok('images', '-aq', '--no-trunc')).toBe(images);
});
