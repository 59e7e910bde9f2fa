import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { giveName, openUnnamed } from '../../src/system/unnamed-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-unnamed-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('is in no folder until it is given a name, and takes none that something has', () => {
  writeFileSync(join(dir, 'taken'), 'before');
  const fd = openUnnamed(Buffer.from(dir)) ?? expect.fail('this file system has no such files');
  writeSync(fd, 'new');
  expect(readdirSync(dir)).toEqual(['taken']);
  expect(() => giveName(fd, Buffer.from(join(dir, 'taken')))).toThrow('EEXIST');
  giveName(fd, Buffer.from(join(dir, 'free')));
  closeSync(fd);
  expect(['taken', 'free'].map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(['before', 'new']);
});

it('a file system without such files has none; a name in a folder that is not there is an error', () => {
  expect(openUnnamed(Buffer.from('/proc'))).toBe(null);
  const fd = openUnnamed(Buffer.from(dir)) ?? expect.fail('this file system has no such files');
  try {
    expect(() => giveName(fd, Buffer.from(join(dir, 'none/name')))).toThrow('ENOENT');
  } finally {
    closeSync(fd);
  }
});
