import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { workFolder } from '../../src/layer/unpacked.ts';

const layersDir = mkdtempSync(join(tmpdir(), 'mica-layers-'));
afterAll(() => rmSync(layersDir, { recursive: true, force: true }));

it('whoever unpacks takes away what killed processes left half unpacked, and nothing of the living', () => {
  const mine = `.tmp-${process.pid}-0`;
  // The first is above the highest process number there is; the second had this one's, and began earlier.
  for (const name of ['.tmp-4194304-0/layer', `.tmp-${process.pid}-1-0`, mine, 'f'.repeat(64)])
    mkdirSync(join(layersDir, name), { recursive: true });
  const work = basename(workFolder(layersDir));
  expect(readdirSync(layersDir).sort()).toEqual([mine, work, 'f'.repeat(64)].sort());
});
