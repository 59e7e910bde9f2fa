import { closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openBeneath, openDirectory } from '../../src/system/beneath.ts';
import { ReadRing } from '../../src/system/read-ring.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-beneath-'));
const root = join(work, 'root');
let dir: number;
beforeAll(() => {
  mkdirSync(join(root, 'd'), { recursive: true });
  for (const file of ['secret', 'root/d/f']) writeFileSync(join(work, file), file);
  symlinkSync('..', join(root, 'up'));
  symlinkSync('d', join(root, 'inside'));
  symlinkSync(work, join(root, 'absolute'));
  symlinkSync('f', join(root, 'd/itself'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeEach(() => {
  dir = openDirectory(root);
});
afterEach(() => closeSync(dir));

const outside = [
  'up/secret',
  'absolute/secret',
  '../secret',
  `${work}/secret`,
  '/proc/self/root',
  'inside/f',
  'd/itself',
];

it.each(outside)('a file of a layer is opened beneath its root and through no link: not %s', (path) => {
  expect(() => closeSync(openBeneath(dir, Buffer.from(`${path}\0`)))).toThrow(/ELOOP|EXDEV/);
  closeSync(openBeneath(dir, Buffer.from('d/f\0')));
});

it('nor by a ring, for many files at once', () => {
  const ring = ReadRing.open();
  if (!ring)
    throw new Error('this kernel lets no process have an io_uring: the commit works without, the test does not');
  const into = Buffer.alloc(1024);
  for (const [at, path] of ['d/f', ...outside].entries()) {
    const bytes = Buffer.from(path);
    ring.add(dir, ring.keepPath(bytes, 0, bytes.length), into, at * 64, 64);
  }
  const [first, ...others] = ring.run();
  expect(first).toBe('root/d/f'.length);
  expect(others.every((length) => length < 0)).toBe(true);
  expect(into.toString()).not.toContain('secret');
  ring.close();
});
