import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'mica-bench-folders-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it.each([
  ['stores', '--folder', '/proc/none', 'ENOENT'],
  ['reports', '--out', '/proc/none', 'ENOENT'],
  ['reports', '--out', '/proc', 'ENOENT'],
  ['reports', '--out', 'a file', 'EEXIST'],
])('%s that can be nowhere: %s %s is one line, before anything is measured', (_, flag, at, code) => {
  const file = join(work, 'a file');
  writeFileSync(file, '');
  rmSync(join(work, 'out'), { recursive: true, force: true });
  const args = [main, '--only', 'W1', '--peers', 'none', '--folder', join(work, 'stores'), '--out', join(work, 'out')];
  // Of two the last one counts.
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, flag, at === 'a file' ? file : at], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  const lines = stderr.split('\n').filter((line) => !line.startsWith('· '));
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^bench: ${code}.*${at}`)), '']);
  expect(stderr).not.toContain('round 1');
  expect(readdirSync(work).filter((name) => name === 'stores')).toEqual([]);
});
