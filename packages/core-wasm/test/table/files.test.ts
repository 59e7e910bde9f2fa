import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Core, type EntryTable, Kind } from '../../src/index.ts';

interface File {
  readonly kind: number;
  readonly size: number;
  readonly ctime: bigint;
}

const core = new Core();
function tableOf(files: readonly File[]): EntryTable {
  const builder = core.tableBuilder();
  for (const [at, { kind, size, ctime }] of files.entries()) {
    // Names as long as their number: in the table's order as they come.
    builder.add(kind as typeof Kind.file, Buffer.from(`f${String(at).padStart(4, '0')}`), 0o644, 0, 0, 0n, size);
    builder.identity(0n, BigInt(at), ctime);
  }
  return builder.finish();
}

const now = 1_795_000_000_000; // milliseconds
const file = fc.record({
  kind: fc.constantFrom(Kind.file, Kind.symlink, Kind.fifo),
  size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 2 ** 31, max: 2 ** 44 })),
  // Whole milliseconds: what is asked for is one, and a double has no nanosecond of today's.
  ctime: fc
    .oneof(fc.integer({ min: now - 3, max: now + 3 }), fc.integer({ min: -5_000, max: now * 2 }))
    .map((ms) => BigInt(ms) * 1_000_000n),
});

it('the bytes of all files, and which of them were changed since a time, are those of the entries one by one', () => {
  fc.assert(
    fc.property(fc.array(file, { maxLength: 60 }), fc.constantFrom(now, now - 1, 0, -4_000), (files, since) => {
      const table = tableOf(files);
      const plain = files.map((each, at) => ({ ...each, at })).filter(({ kind }) => kind === Kind.file);
      expect(core.fileBytes(table)).toBe(plain.reduce((sum, { size }) => sum + size, 0));
      const young = plain.filter(({ size, ctime }) => size > 0 && ctime >= BigInt(since) * 1_000_000n);
      expect(core.filesSince(table, since)).toEqual(young.map(({ at }) => at));
    }),
  );
});
