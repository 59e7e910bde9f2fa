import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { onPath } from '../src/measure/tools.ts';
import { foldersWithBridge } from '../src/peers/bridge.ts';

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
  expect(said).not.toMatch(/round \d{3} of/);
  expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(join(work, 'latest.json'))).toBe(false);
});

it('Ctrl-C at a terminal, which all of the run hear, lets each side take away what is its own', async () => {
  const folder = join(work, 'heard');
  const args = ['--only', 'W1', '--peers', 'docker', '--rounds', '1000', '--folder', folder, '--out', work];
  const env = { ...process.env, XDG_CACHE_HOME: join(work, 'cache') };
  // A group of its own, as a shell gives to what it starts.
  const run = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  let heard = false;
  run.stderr.on('data', (text) => {
    said += text;
    if (heard || !/round 2 of/.test(said)) return;
    heard = true;
    process.kill(-(run.pid as number), 'SIGINT');
  });
  const [code] = await once(run, 'close');
  expect({ code, said }).toEqual({ code: 130, said: expect.not.stringMatching(/Error|could not|Cannot/) });
  expect(running(folder)).toEqual([]);
  expect(foldersWithBridge().filter((left) => left.startsWith(folder))).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

it('what kill -9 left of a run, daemon, containers and bridge, the next one takes away', async () => {
  const folder = join(work, 'killed');
  const args = (...more: string[]) => [main, '--folder', folder, '--out', work, ...more];
  const env = { ...process.env, XDG_CACHE_HOME: join(work, 'cache') };
  const run = spawn(process.execPath, args('--only', 'W7', '--peers', 'docker'), {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  run.stderr.on('data', (text) => {
    said += text;
    if (/W7 run --rm/.test(said)) run.kill('SIGKILL'); // an idle container runs on either side
  });
  const [, signal] = await once(run, 'close');
  expect({ signal, said }).toMatchObject({ signal: 'SIGKILL' });
  const left = readdirSync(folder);
  expect(left).toEqual([expect.stringMatching(/^run-/)]);
  const dead = join(folder, left[0] as string);
  if (onPath('dockerd') || existsSync('/usr/sbin/dockerd')) expect(foldersWithBridge()).toContain(dead);
  expect(running(dead).length).toBeGreaterThan(3);

  const next = spawnSync(process.execPath, args('--only', 'W1', '--peers', 'none', '--rounds', '1'), { env });
  expect({ code: next.status, said: next.stderr.toString() }).toMatchObject({
    code: 0,
    said: expect.stringContaining(`taking away what a killed run left: ${dead}`),
  });
  expect(running(dead)).toEqual([]);
  expect(foldersWithBridge()).not.toContain(dead);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(dead);
  expect(readdirSync(folder)).toEqual([]);
});

/** Processes of a run's folder, containers' among them. */
function running(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const said = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
      return said.includes(`${folder}/`);
    } catch {
      return false;
    }
  });
}
