import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'mica-bench-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it('Ctrl-C ends a run in the midst of a workload, and nothing of it is left', async () => {
  const folder = join(work, 'stores');
  const args = ['--only', 'W6', '--peers', 'none', '--rounds', '1000', '--folder', folder, '--out', work];
  const env = { ...process.env, XDG_CACHE_HOME: join(work, 'cache') };
  const run = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  run.stderr.on('data', (text) => {
    said += text;
    // To this process alone, as `kill` does: the command that it waits for goes on to its end.
    if (/round 1 of/.test(said)) run.kill('SIGINT');
  });
  const [code] = await once(run, 'close');
  expect({ code, said }).toMatchObject({ code: 130 });
  expect(said).not.toMatch(/round 5 of/);
  expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(join(work, 'latest.json'))).toBe(false);
}, 120_000);
