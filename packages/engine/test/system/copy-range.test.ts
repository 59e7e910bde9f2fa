import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { copyRange } from '../../src/system/copy-range.ts';

// On one file system the kernel copies; to the other one, in memory, bytes are read and written.
const folders = [tmpdir(), '/dev/shm'].map((at) => mkdtempSync(join(at, 'mica-copy-')));
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const KIB = 1024;
const BLOCK = 64 * KIB;

/** The copy's blocks of 512 bytes. */
function copied(from: string, to: string): number {
  const source = openSync(from, 'r');
  const target = openSync(to, 'w');
  try {
    copyRange(source, target);
  } finally {
    closeSync(source);
    closeSync(target);
  }
  return statSync(to).blocks;
}

it('a copy has the bytes, and the holes', () => {
  const [one, other] = folders as [string, string];
  const source = join(one, 'source');
  const size = fc.integer({ min: 0, max: 6 * 1024 * KIB });
  const at = fc.array(fc.integer({ min: 0, max: 95 }), { maxLength: 4 });
  fc.assert(
    fc.property(size, at, (length, blocks) => {
      const fd = openSync(source, 'w');
      for (const block of blocks) writeSync(fd, Buffer.alloc(BLOCK, `${block}.`), 0, BLOCK, block * BLOCK);
      ftruncateSync(fd, length);
      closeSync(fd);
      for (const folder of [one, other]) {
        const copy = join(folder, 'copy');
        const used = copied(source, copy);
        expect(spawnSync('cmp', [source, copy]).stdout.toString()).toBe('');
        if (length >= 1024 * KIB) expect(used).toBeLessThanOrEqual(statSync(source).blocks + 16);
      }
    }),
    { numRuns: 60 },
  );
});

it("a file of the kernel's own is copied whole, though it says that it has no bytes", () => {
  for (const folder of folders) {
    const copy = join(folder, 'version');
    copied('/proc/version', copy);
    expect(readFileSync(copy, 'utf8')).toBe(readFileSync('/proc/version', 'utf8'));
  }
});
