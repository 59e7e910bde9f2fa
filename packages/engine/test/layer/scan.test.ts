import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core, type EntryTable, Kind, type Listing, LOOK } from '@mica/core-wasm';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lookAt } from '../../src/layer/looked.ts';
import { scanDirectory } from '../../src/layer/scan.ts';
import { openDirectory } from '../../src/system/beneath.ts';
import { listNames } from '../../src/system/list-names.ts';
import { setXattr } from '../../src/system/xattr.ts';

const core = new Core();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-scan-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** What find(1) says of a tree, a line an entry: path, kind, mode, owners, bytes, time and target of each. */
function found(): string[] {
  const format = '%P\\t%y\\t%m\\t%U\\t%G\\t%s\\t%T@\\t%l\\t%i\\n';
  const lines = execFileSync('find', [dir, '-printf', format], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const firsts = new Map<string, string>();
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
    .sort(([a], [b]) => compare(a as string, b as string))
    .map(([path = '', type = '', mode = '', uid, gid, size, time = '', link = '', inode = '']) => {
      const first = type === 'd' ? undefined : firsts.get(inode);
      firsts.set(inode, first ?? path);
      const [seconds, fraction = ''] = time.split('.');
      const bytes = type === 'f' && first === undefined ? size : 0;
      const kind = first === undefined ? type : 'h';
      return `${path} ${kind} ${mode} ${uid} ${gid} ${bytes} ${seconds}.${fraction.slice(0, 9)} ${first ?? link}`;
    });
}

const letters: Readonly<Record<number, string>> = {
  [Kind.file]: 'f',
  [Kind.dir]: 'd',
  [Kind.symlink]: 'l',
  [Kind.fifo]: 'p',
  [Kind.hardlink]: 'h',
};

/** The same of a table. */
function scanned(table: EntryTable): string[] {
  return Array.from({ length: table.count }, (_, i) => {
    const time = `${table.mtimeSec(i)}.${String(table.mtimeNsec(i)).padStart(9, '0')}`;
    const [path, kind, mode] = [table.path(i), letters[table.kind(i)], table.mode(i).toString(8)];
    return `${path} ${kind} ${mode} ${table.uid(i)} ${table.gid(i)} ${table.size(i)} ${time} ${table.link(i)}`;
  });
}

/** Tree order: a slash below every other byte. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a.replaceAll('/', '\0')), Buffer.from(b.replaceAll('/', '\0')));
}

const what = fc.constantFrom('file', 'file', 'file', 'dir', 'link', 'pipe', 'name', 'attribute');
type What = 'file' | 'dir' | 'link' | 'pipe' | 'name' | 'attribute';

/** As many entries as told, of all kinds, in a folder and those that it gets; what has an attribute. */
function fill(folder: string, kinds: readonly What[], depth: number, marked: string[]): void {
  const first = join(dir, 'first');
  for (const [i, kind] of kinds.entries()) {
    const path = join(folder, `${'x'.repeat(i % 5)}${i}`);
    if (kind === 'dir') mkdirSync(path);
    else if (kind === 'link') symlinkSync(`to/${i}`, path);
    else if (kind === 'pipe') execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
    else if (kind === 'name') linkSync(first, path);
    else writeFileSync(path, 'b'.repeat(i));
    if (kind === 'file') chmodSync(path, 0o400 + (i % 0o77));
    if (kind === 'file') utimesSync(path, i, i * 1000 + 0.123);
    if (kind === 'attribute') {
      setXattr(path, 'user.of', Buffer.from(path));
      marked.push(path);
    }
    if (kind === 'dir' && depth > 0) fill(path, kinds.slice(i), depth - 1, marked);
  }
}

it('any number of entries of any kind in a folder are what find says they are, in tree order', () => {
  const most = LOOK * 2 + 10;
  const list = fc.oneof(
    fc.array(what, { maxLength: 12 }),
    fc.array(what, { minLength: LOOK - 2, maxLength: LOOK + 2 }),
    fc.array(what, { minLength: most, maxLength: most }),
  );
  fc.assert(
    fc.property(list, fc.boolean(), (kinds, overlay) => {
      rmSync(dir, { recursive: true });
      mkdirSync(dir);
      writeFileSync(join(dir, 'first'), 'one file');
      const marked: string[] = [];
      // A pipe is a process of its own: few of them.
      const some = kinds.map((kind, i) => (kind === 'pipe' && i > 20 ? 'file' : kind));
      fill(dir, some, kinds.length > 20 ? 0 : 2, marked);
      const table = scanDirectory(core, dir, { overlay });
      expect(scanned(table)).toEqual(found());
      const attributes = Array.from({ length: table.count }, (_, i) => i).filter((i) => table.xattrs(i).length > 0);
      expect(attributes.map((i) => join(dir, table.path(i))).sort()).toEqual(marked.sort());
      for (const i of attributes) {
        const [[name, value] = []] = table.xattrs(i);
        expect([name, Buffer.from(value ?? []).toString()]).toEqual(['user.of', join(dir, table.path(i))]);
      }
    }),
    { numRuns: 12 },
  );
});

it('folders far below each other, with names before and after each', () => {
  let folder = dir;
  for (let depth = 0; depth < 150; depth++) {
    for (const name of ['a', 'z', 'zz']) writeFileSync(join(folder, name), `${depth}`);
    folder = join(folder, 'm');
    mkdirSync(folder);
  }
  expect(scanned(scanDirectory(core, dir))).toEqual(found());
});

it('of names looked at together one that is gone is told of, and nothing of what was there before it', () => {
  for (const name of ['a', 'c', 'd']) writeFileSync(join(dir, name), name);
  setXattr(join(dir, 'c'), 'user.c', Buffer.from('!'));
  const builder = core.tableBuilder();
  const names = builder.names();
  const listing = (...all: string[]) => {
    for (const name of all) names.put(name);
    return names.sort();
  };
  const looked = { look: builder.look(names), results: new Int32Array(LOOK), attributes: new Map<number, string>() };
  const fd = openDirectory(dir);
  try {
    expect(lookAt(looked, fd, listing('a', 'a', 'a', 'a'), 0)).toBe(4);
    expect(builder.addFiles(looked.look, 0, 4, 0)).toBe(4);
    expect(lookAt(looked, fd, listing('a', 'bygone', 'c', 'd'), 0)).toBe(4);
    expect([...looked.results.subarray(0, 4)]).toEqual([0, -2, 0, 0]);
    expect([...looked.attributes]).toEqual([[2, 'user.c']]);
    // As if it had come back before its attributes were asked for.
    looked.look.plain[1] = 1;
    expect(builder.addFiles(looked.look, 0, 4, 0)).toBe(1);
    expect(builder.addFiles(looked.look, 2, 4, 0)).toBe(2);
    expect(builder.addFiles(looked.look, 3, 4, 0)).toBe(4);
  } finally {
    closeSync(fd);
    builder.finish();
  }
});

it('a name is bytes: none that is no text, and none of two that begin alike, comes out as another or elsewhere', () => {
  const long = Buffer.alloc(200, 'l');
  const all = [[0xff], [0x80, 0x2e], [0xc3, 0x28], [0x7f], [1], [0x61], [0x61, 1], [0x61, 0x2e], [0x61, 0x80]]
    .map((bytes) => Buffer.from(bytes))
    .concat([long, Buffer.concat([long, Buffer.from([0xfe])])]);
  const below = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0x61, 0xe9]), Buffer.from('/')]);
  mkdirSync(below);
  for (const name of all) writeFileSync(Buffer.concat([below, name]), name);
  // More than a plain file each: what they are told by is their name's bytes.
  for (const name of all) symlinkSync(name, Buffer.concat([Buffer.from(`${dir}/`), Buffer.from('to-'), name]));
  const table = scanDirectory(core, dir);
  const paths = Array.from({ length: table.count }, (_, i) => Buffer.from(table.pathBytes(i)));
  const sorted = (prefix: number[]) => all.map((name) => Buffer.from([...prefix, ...name])).sort(Buffer.compare);
  const links = sorted([...Buffer.from('to-')]);
  expect(paths).toEqual([Buffer.alloc(0), Buffer.from([0x61, 0xe9]), ...sorted([0x61, 0xe9, 0x2f]), ...links]);
  expect(paths.slice(-all.length).map((_, i) => Buffer.from(table.linkBytes(i + 2 + all.length)))).toEqual(
    links.map((name) => name.subarray(3)),
  );
});

it('more names than are read at once, in a folder among others whose names are still to do', () => {
  for (const name of ['a', 'm', 'z']) {
    writeFileSync(join(dir, `${name}-file`), name);
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'one'), name);
  }
  // 300 KiB of records
  for (let i = 0; i < 1500; i++) writeFileSync(join(dir, 'm', `${(i * 7919) % 1500}`.padEnd(180, 'n')), '');
  const builder = core.tableBuilder();
  const names = builder.names();
  vi.spyOn(builder, 'names').mockReturnValue(names);
  vi.spyOn(core, 'tableBuilder').mockReturnValueOnce(builder);
  expect(scanned(scanDirectory(core, dir))).toEqual(found());
  expect(names.end).toBe(0); // none stays when its directory is done
});

const NO_CALL = 100_000;
it.each([
  ['as the kernel writes them', undefined],
  ['as Node reads them where the call has no number', null],
  ['as Node reads them where there is no such call', NO_CALL],
] as const)('the names of a directory, %s', (_, number) => {
  const all = Array.from({ length: 2000 }, (_, i) => Buffer.from(`n\xff${(i * 7919) % 2000}`, 'latin1'));
  for (const name of all) writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), name]), '');
  symlinkSync('to', join(dir, 'link'));
  mkdirSync(join(dir, 'dir'));
  const builder = core.tableBuilder();
  const names = builder.names();
  const list = (path: string) => {
    const fd = openDirectory(path);
    try {
      return listNames(names, fd, number);
    } finally {
      closeSync(fd);
    }
  };
  const read = (listing: Listing) =>
    Array.from(names.offsets.subarray(listing.first, listing.first + listing.count), (at) =>
      Buffer.from(names.bytes.subarray(at, names.bytes.indexOf(0, at))),
    );
  const listing = list(dir);
  expect(read(listing)).toEqual([...all, Buffer.from('link'), Buffer.from('dir')].sort(Buffer.compare));
  expect(list(join(dir, 'dir')).count).toBe(0);
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(dir, 'pipe')]);
  const more = list(dir);
  expect(more.count).toBe(2003);
  expect(read(listing).length).toBe(2002);
  builder.finish();
});

it('what is no directory any more has no names, and the error says what was read', () => {
  const builder = core.tableBuilder();
  const gone = join(dir, 'gone');
  mkdirSync(gone);
  const fd = openDirectory(gone);
  rmSync(gone, { recursive: true });
  try {
    expect(() => listNames(builder.names(), fd)).toThrow(
      expect.objectContaining({ code: 'ENOENT', syscall: 'scandir', path: `/proc/self/fd/${fd}` }),
    );
  } finally {
    closeSync(fd);
    builder.finish();
  }
});

it('names that no layer can hold are errors that say which', () => {
  mkdirSync(join(dir, 'folder'));
  writeFileSync(join(dir, 'folder/.wh.hidden'), '');
  expect(() => scanDirectory(core, dir)).toThrow('/folder/.wh.hidden: a file named .wh.* would delete hidden');
  rmSync(join(dir, 'folder/.wh.hidden'));
  for (const name of ['.wh', '.w', '.whx', 'x.wh.']) symlinkSync('to', join(dir, 'folder', name));
  expect(scanned(scanDirectory(core, dir))).toEqual(found());
});
