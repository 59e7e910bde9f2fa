import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { instantiate, type KernelExports } from '../../src/kernel/instance.ts';
import { type Listing, Names } from '../../src/table/names.ts';

let kernel: KernelExports;
let start: number;
let names: Names;
beforeEach(() => {
  kernel ??= instantiate();
  start = kernel.mark();
  names = new Names(kernel);
});
afterEach(() => kernel.release(start));

const FILE = 8;

/** Writes records as the kernel does (filldir64 of fs/readdir.c): behind a name's NUL it leaves what was there. */
function write(all: readonly Buffer[]): void {
  for (const [i, name] of all.entries()) {
    const length = (19 + name.length + 1 + 7) & ~7;
    if (names.room() < length) throw new Error('too little room');
    const record = names.bytes.subarray(names.end, names.end + length);
    record.fill(0xa5 + i);
    record.writeUInt16LE(length, 16);
    record[18] = FILE;
    name.copy(record, 19);
    record[19 + name.length] = 0;
    names.took(length);
  }
}

function told(listing: Listing): Buffer[] {
  const { bytes, offsets } = names;
  return Array.from({ length: listing.count }, (_, i) => {
    const at = offsets[listing.first + i] as number;
    return Buffer.from(bytes.subarray(at, bytes.indexOf(0, at)));
  });
}

function list(all: readonly Buffer[]): Buffer[] {
  write(all);
  return told(names.sort());
}

const sorted = (all: readonly Buffer[]) => [...all].sort(Buffer.compare);

/** Any bytes but a NUL and a slash; from few of them, so that names begin alike and are one another's beginning. */
const byte = fc.oneof(
  fc.integer({ min: 1, max: 255 }).filter((one) => one !== 0x2f),
  fc.constantFrom(1, 0x2e, 0x61, 0x7f, 0x80, 0x81, 0xff),
);
const tail = fc.oneof(
  fc.array(byte, { minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ minLength: 1, maxLength: 10, unit: fc.constantFrom('a', 'b') }).map((text) => Buffer.from(text)),
);
const alike = fc.tuple(fc.integer({ min: 0, max: 40 }), tail).map(([n, rest]) => {
  return Buffer.concat([Buffer.alloc(n, 'p'), rest]);
});
const name = fc.oneof(
  tail,
  alike,
  fc.constantFrom(...['...', '.a', '..a', 'a.', '.\x01'].map((one) => Buffer.from(one))),
);
const isNoDot = (one: Buffer) => !['.', '..'].includes(one.toString('latin1'));

it('names are in the order of their bytes, however alike they begin, and two that are one stay two, as they came', () => {
  const few = fc.array(name, { maxLength: 20 });
  const many = fc.array(name, { minLength: 50, maxLength: 400 });
  const begin = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom('a', 'b') });
  fc.assert(
    fc.property(fc.oneof(few, many), fc.oneof(fc.constant(''), begin), (found, prefix) => {
      const all = found.map((one) => Buffer.concat([Buffer.from(prefix), one])).filter(isNoDot);
      write(all);
      const listing = names.sort();
      const inOrder = told(listing);
      expect(inOrder).toEqual(sorted(all));
      const { offsets } = names;
      const at = (i: number) => offsets[listing.first + i] as number;
      const twice = inOrder.flatMap((one, i) => (inOrder[i + 1]?.equals(one) ? [i] : []));
      expect(twice.filter((i) => at(i) > at(i + 1))).toEqual([]);
      names.drop(listing);
    }),
    { numRuns: 300 },
  );
});

it('the directory and the one above it are left out, and nothing else that begins with a dot', () => {
  const all = ['..', 'b', '.', '..b', '.b', '...', '.\x01'].map((one) => Buffer.from(one));
  expect(list(all).map(String)).toEqual(['.\x01', '...', '..b', '.b', 'b']);
});

it.each([0, 1, 2, 7, 8, 9, 16, 17, 127, 1000])('%i names, told in order, backwards or neither', (count) => {
  const all = Array.from({ length: count }, (_, i) => Buffer.from(`name-${String(i).padStart(5, '0')}`));
  const mixed = all.map((_, i) => all[(i * 7919) % count] as Buffer);
  for (const told of [all, [...all].reverse(), mixed]) expect(list(told)).toEqual(all);
});

it('hundreds of thousands of names in any order take no longer than merging them', () => {
  const all = Array.from({ length: 300_000 }, (_, i) => Buffer.from(String(i).padStart(12, '0')));
  const saw = all.map((_, i) => all[(i * 2 + (i >= 150_000 ? 1 : 0)) % 300_000] as Buffer);
  for (const order of [[...all].reverse(), saw]) {
    write(order);
    const from = performance.now();
    const listing = names.sort();
    // An order that costs n² takes minutes.
    expect(performance.now() - from).toBeLessThan(2000);
    expect(Buffer.concat(told(listing)).equals(Buffer.concat(all))).toBe(true);
    names.drop(listing);
  }
});

it.each([
  ['in place', false],
  ['to another place, as something lies behind it', true],
])('names that need more room than there is: the area grows %s, and what was there stays', (_, moved) => {
  const above = Array.from({ length: 500 }, (_, i) => Buffer.from(`above-${i}`));
  write(above);
  const first = names.sort();
  const { at } = names;
  if (moved) kernel.alloc(1);
  // 4 MiB: linear memory itself grows as well, and its views are new ones.
  const all = Array.from({ length: 40_000 }, (_, i) => Buffer.from(`${i * 7919}`.padEnd(80, 'x')));
  write(all);
  expect(names.at === at).toBe(!moved);
  const second = names.sort();
  expect(told(second)).toEqual(sorted(all));
  expect(told(first)).toEqual(sorted(above));
  names.drop(second);
  const third = list([Buffer.from('after')]);
  expect(third.map(String)).toEqual(['after']);
  expect(told(first)).toEqual(sorted(above));
});

// The shortest names: then most is needed to sort them. As many as there is room for, and so many that what they are
// sorted in has room for half.
it.each([2729, 1300])('where it lies is its own: %i names are not sorted in what is allocated later', (count) => {
  write([Buffer.from('a')]);
  const behind = kernel.alloc(65_536);
  new Uint8Array(kernel.memory.buffer, behind, 65_536).fill(7);
  const all = Array.from({ length: count }, (_, i) => Buffer.from(String.fromCharCode(122 - (i % 26))));
  for (const one of all) names.put(one.toString('latin1'));
  const listing = names.sort();
  expect(told(listing)).toEqual(sorted([Buffer.from('a'), ...all]));
  expect(new Uint8Array(kernel.memory.buffer, behind, 65_536).every((one) => one === 7)).toBe(true);
});

it('of names that are dropped none is left, of those above all are', () => {
  write(['b', 'a'].map((one) => Buffer.from(one)));
  const above = names.sort();
  const end = names.end;
  for (let i = 0; i < 1000; i++) {
    write([Buffer.from(`${i}`), Buffer.from('zz')]);
    const below = names.sort();
    expect(told(below).map(String)).toEqual([`${i}`, 'zz']);
    names.drop(below);
  }
  expect(told(above).map(String)).toEqual(['a', 'b']);
  expect(names.end).toBe(end);
});

it('a name that is put is there with the same bytes', () => {
  for (const one of ['b\xff\x80', 'x'.repeat(1000), 'a']) names.put(one);
  const listing = names.sort();
  expect(told(listing).map((one) => one.toString('latin1'))).toEqual(['a', 'b\xff\x80', 'x'.repeat(1000)]);
});

it('a directory with a character device, or a name whose kind is not told, may have whiteouts', () => {
  const kinds = fc.array(fc.constantFrom(0, 1, 2, 4, 6, 8, 10, 12), { maxLength: 6 });
  fc.assert(
    fc.property(kinds, (list) => {
      const all = list.map((_, i) => Buffer.from(`n${i}`));
      const from = names.end;
      write(all);
      let at = from;
      for (const kind of list) {
        names.bytes[at + 18] = kind;
        at += names.bytes.readUInt16LE(at + 16);
      }
      const listing = names.sort();
      expect(listing.count).toBe(list.length);
      expect(listing.mayHide).toBe(list.some((kind) => kind === 0 || kind === 2));
      const told = new Uint8Array(8);
      const upTo = names.upToFolder(listing, 0, 8, told);
      const folder = list.indexOf(4);
      expect(upTo).toBe(folder < 0 ? list.length : folder + 1);
      expect([...told.subarray(0, upTo)]).toEqual(list.slice(0, upTo));
      names.drop(listing);
    }),
  );
  names.put('told by name alone');
  expect(names.sort().mayHide).toBe(true);
});
