import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { diskUsage } from '../../src/volume/usage.ts';

it('folders deeper than any path, as a process makes them that goes from one to the next, are counted', () => {
  const work = mkdtempSync(join(tmpdir(), 'mica-usage-'));
  const before = process.cwd();
  try {
    process.chdir(work);
    for (let depth = 0; depth < 200; depth++) {
      writeFileSync('file', 'seven b');
      mkdirSync('d'.repeat(100));
      process.chdir('d'.repeat(100));
    }
    expect(diskUsage(work)).toBe(1400);
  } finally {
    process.chdir(before);
    rmSync(work, { recursive: true, force: true });
  }
});

it('what is not there counts nothing', () => {
  expect(diskUsage('/nowhere/at/all')).toBe(0);
});
