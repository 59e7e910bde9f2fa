import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { namesFrom } from '../../src/commit/batch.ts';
import { readEnvFile } from '../../src/flags/env-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-env-'));
const file = join(dir, 'env');
afterAll(() => rmSync(dir, { recursive: true }));
const read = (bytes: string | Uint8Array) => {
  writeFileSync(file, bytes);
  return readEnvFile(file);
};

it('lines as they are', () => {
  expect(read('\ufeffA=1\r\n# no\nB\n C=x y\n\nD="q"\nE=\u00e9')).toEqual(['A=1', 'B', 'C=x y', 'D="q"', 'E=\u00e9']);
});

it('bytes that are no UTF-8 are refused by their line, as in docker, not handed on as others', () => {
  expect(() => read(Buffer.from('A=1\nB=\xff\n', 'latin1'))).toThrow('invalid utf8 bytes at line 2');
});

it('a file without an end is refused, and not all memory taken for it', () => {
  expect(() => readEnvFile('/dev/zero')).toThrow('read /dev/zero: it is larger than 16 MiB');
  expect(() => namesFrom('/dev/zero')).toThrow('cannot read /dev/zero: it is larger than 16 MiB');
});
