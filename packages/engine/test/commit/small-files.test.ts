import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core, type EntryTable, Kind } from '@mica/core-wasm';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SmallFiles } from '../../src/commit/small-files.ts';
import { scanDirectory } from '../../src/layer/scan.ts';
import { openDirectory } from '../../src/system/beneath.ts';
import { ReadRing } from '../../src/system/read-ring.ts';

const core = new Core();
let dir: string;
let root: number;
/** What a test keeps open. */
let held: number | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-small-'));
  root = openDirectory(dir);
});
afterEach(() => {
  closeSync(root);
  if (held !== undefined) closeSync(held);
  held = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** Every file's bytes, as told of and as they lie in the buffer. */
function readAll(table: EntryTable, withRing: boolean) {
  let room = 0;
  for (let index = 0; index < table.count; index++) room += table.size(index) + 1;
  const buffer = Buffer.alloc(room, 0xee);
  const told = new Map<string, Buffer>();
  const places: [number, number][] = [];
  const files = new SmallFiles({
    onRead: (index, bytes, at, size) => told.set(table.path(index), Buffer.from(bytes.subarray(at, at + size))),
    withRing,
  });
  files.begin(table);
  let at = 0;
  for (let index = 0; index < table.count; index++) {
    const size = table.size(index);
    if (table.kind(index) !== Kind.file || size === 0) continue;
    files.add(index, root, buffer, at, size);
    places.push([index, at]);
    at += size + 1;
  }
  try {
    files.read();
  } finally {
    files.close();
  }
  const wrong = places.filter(
    ([index, place]) =>
      !buffer.subarray(place, place + table.size(index)).equals(told.get(table.path(index)) ?? Buffer.of()),
  );
  expect(wrong).toEqual([]); // once for all: an expectation a file took longer than the reading
  return told;
}

it('a file that is longer while the ring reads it, and then not any more, has changed: its byte too many lies elsewhere', () => {
  for (let i = 0; i < 130; i++) writeFileSync(join(dir, `f${i}`), `${i}`);
  const table = scanDirectory(core, dir, { overlay: true });
  const { run } = ReadRing.prototype;
  const meddled = vi.spyOn(ReadRing.prototype, 'run').mockImplementation(function (this: ReadRing) {
    const lengths = run.apply(this);
    lengths[0] = (lengths[0] as number) + 1;
    return lengths;
  });
  expect(() => readAll(table, true)).toThrow('/f0 changed while it was read');
  meddled.mockRestore();
});

it('this kernel has the ring that most of this is about', () => {
  const ring = ReadRing.open();
  expect(ring).not.toBeNull();
  ring?.close();
});

it.each([
  ['nothing more', 0],
  ["the ring's first part and not its second", 16 << 10],
])('where memory is left for %s there is no ring, and nothing of it', (_, bytes) => {
  const program = new URL('../support/ring-in-tight-memory.ts', import.meta.url).pathname;
  const args = ['--expose-gc', '--single-threaded', program, `${bytes}`];
  const told = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  expect(told).toEqual({ usual: true, outcome: 'none', before: told.before, after: told.before });
});

describe.each([
  ['by the ring', true],
  ['by calls of their own', false],
])('%s', (_, withRing) => {
  it('any number of files of any length and name are read to their places, as Node reads them', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter((n) => {
      return !/[/\0]/.test(n) && n !== '.' && n !== '..' && Buffer.byteLength(n) < 250;
    });
    const tree = fc.dictionary(name, fc.tuple(fc.nat({ max: 30_000 }), fc.boolean()), { maxKeys: 200 });
    fc.assert(
      fc.property(tree, (files) => {
        for (const left of readdirSync(dir)) rmSync(join(dir, left), { recursive: true });
        mkdirSync(join(dir, '…deep/er'), { recursive: true });
        let fill = 0;
        for (const [file, [size, deep]] of Object.entries(files))
          writeFileSync(join(dir, deep ? '…deep/er' : '', file), Buffer.alloc(size, `${fill++}.`));
        const told = readAll(scanDirectory(core, dir, { overlay: true }), withRing);
        for (const [path, bytes] of told) expect(bytes.equals(readFileSync(join(dir, path))), path).toBe(true);
        expect(told.size).toBe(Object.values(files).filter(([size]) => size > 0).length);
      }),
      { numRuns: 8 },
    );
  });

  it('paths of thousands of bytes, many at once', () => {
    const folder = `${'d'.repeat(250)}/`.repeat(14);
    mkdirSync(join(dir, folder), { recursive: true });
    for (let i = 0; i < 100; i++) writeFileSync(join(dir, folder, `${i}`), `${i}`);
    const told = readAll(scanDirectory(core, dir, { overlay: true }), withRing);
    for (let i = 0; i < 100; i++) expect(told.get(`${folder}${i}`)?.toString()).toBe(`${i}`);
  });

  it.each([
    ['grew', () => appendFileSync(join(dir, 'd/50'), '!')],
    ['shrank', () => truncateSync(join(dir, 'd/50'), 10)],
    ['went', () => rmSync(join(dir, 'd/50'))],
    [
      'became a link to what is outside',
      () => {
        rmSync(join(dir, 'd/50'));
        symlinkSync('/etc/hostname', join(dir, 'd/50'));
      },
    ],
    [
      'became a pipe that nobody writes to',
      () => {
        rmSync(join(dir, 'd/50'));
        execFileSync('sh', ['-c', 'mkfifo d/50'], { cwd: dir });
        held = openSync(join(dir, 'd/50'), 'r+');
      },
    ],
    [
      'has a link in its path now',
      () => {
        renameSync(join(dir, 'd'), join(dir, 'elsewhere'));
        symlinkSync('elsewhere', join(dir, 'd'));
      },
    ],
  ])('a file that %s is an error, and the next layer is read as ever', (_, meddle) => {
    mkdirSync(join(dir, 'd'));
    for (let i = 10; i < 99; i++) writeFileSync(join(dir, `d/${i}`), `this is file ${i}`);
    const table = scanDirectory(core, dir, { overlay: true });
    meddle();
    expect(() => readAll(table, withRing)).toThrow(expect.objectContaining({ code: 'conflict' }));
    rmSync(join(dir, 'd'), { recursive: true });
    writeFileSync(join(dir, 'after'), 'after');
    rmSync(join(dir, 'elsewhere'), { recursive: true, force: true });
    expect(readAll(scanDirectory(core, dir, { overlay: true }), withRing)).toEqual(
      new Map([['after', Buffer.from('after')]]),
    );
  });

  it('leaves no file open and nothing mapped, however often', async () => {
    for (let i = 0; i < 150; i++) writeFileSync(join(dir, `${i}`), `${i}`);
    const table = scanDirectory(core, dir, { overlay: true });
    const rings = () => readFileSync('/proc/self/maps', 'utf8').split('io_uring').length;
    const open = () => [readdirSync('/proc/self/fd').length, rings()] as const;
    const before = open();
    for (let i = 0; i < 100; i++) expect(readAll(table, withRing).get('149')?.toString()).toBe('149');
    // Threads of Vitest's read files meanwhile, and close them.
    const more = () => open().map((count, i) => Math.max(0, count - (before[i] as number)));
    await expect.poll(more, { timeout: 60_000 }).toEqual([0, 0]);
  });
});

it('a ring reads each file that it is told of itself, to its place', () => {
  const contents = ['first', 'the second', ''];
  for (const [i, content] of contents.entries()) writeFileSync(join(dir, `f${i}`), content);
  const ring = ReadRing.open();
  if (!ring) throw new Error('no io_uring here: Linux 5.17 or later, and none that forbids it');
  // The C library maps so many bytes by themselves, beyond the first 4 GiB: an address of two words.
  const buffer = Buffer.alloc(1 << 25, '.');
  for (const i of contents.keys()) {
    const path = Buffer.from(`f${i}`);
    ring.add(root, ring.keepPath(path, 0, path.length), buffer, i * 20, 20);
  }
  expect([...ring.run()]).toEqual(contents.map((content) => content.length));
  expect(buffer.toString('latin1', 0, 64)).toBe(
    contents
      .map((content) => content.padEnd(20, '.'))
      .join('')
      .padEnd(64, '.'),
  );
  ring.close();
});

describe('files that are open', () => {
  const many = 150;
  const table = () => {
    for (let i = 0; i < many; i++) writeFileSync(join(dir, `f${i + 100}`), `${i}`.repeat(30));
    return scanDirectory(core, dir, { overlay: true });
  };
  /** Reads all, each opened before; `meddle` between the two. */
  const readOpen = (files: EntryTable, meddle: () => void) => {
    const fds = new Map<number, number>();
    const told = new Map<string, string>();
    const buffer = Buffer.alloc(1 << 16, 0xee);
    const small = new SmallFiles({
      onRead: (index, bytes, at, size) =>
        told.set(files.path(index), Buffer.from(bytes.subarray(at, at + size)).toString()),
      open: { of: (index) => fds.get(index) ?? -1 },
    });
    try {
      small.begin(files);
      for (let i = 0; i < files.count; i++)
        if (files.kind(i) === Kind.file) fds.set(i, openSync(join(dir, files.path(i)), 'r'));
      meddle();
      let at = 0;
      for (let i = 0; i < files.count; i++) {
        if (files.kind(i) !== Kind.file) continue;
        small.add(i, root, buffer, at, files.size(i));
        at += files.size(i) + 1;
      }
      small.read();
    } finally {
      small.close();
      for (const fd of fds.values()) closeSync(fd);
    }
    return told;
  };

  it('are read whole, more of them than one call takes', () => {
    const files = table();
    const told = readOpen(files, () => {});
    expect(told.size).toBe(many);
    for (const [path, text] of told) expect(text).toBe(readFileSync(join(dir, path), 'utf8'));
  });

  it.each([
    ['longer', (path: string) => appendFileSync(path, '!')],
    ['shorter', (path: string) => truncateSync(path, 3)],
  ])('have changed when one of them is %s', (_, meddle) => {
    const files = table();
    expect(() => readOpen(files, () => meddle(join(dir, 'f217')))).toThrow(/f217 changed while it was read/);
  });
});
