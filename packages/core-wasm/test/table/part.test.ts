import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  Core,
  type EntryTable,
  Kind,
  padding,
  type TableBuilder,
  type TablePart,
  type TarPacker,
} from '../../src/index.ts';

const core = new Core();

interface Entry {
  readonly name: string;
  readonly size: number;
  readonly attribute: number;
}
const entry = fc.record({
  name: fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('a', 'b', '.') }),
  size: fc.nat(5000),
  attribute: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(3000)),
});
/** In tree order, as a scan finds them; so many that records and heap move. */
const entries = fc
  .uniqueArray(entry, { selector: ({ name }) => name, minLength: 1, maxLength: 60 })
  .map((list) => list.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))));

function add(builder: TableBuilder, { name, size, attribute }: Entry): void {
  builder.add(Kind.file, Buffer.from(name), 0o640, 1, 2, 3n, size);
  builder.identity(1n, BigInt(size), BigInt(attribute));
  if (attribute > 0) builder.xattrs([['user.a', Buffer.alloc(attribute, 'v')]]);
}

const headers = (packer: TarPacker) => [...packer.order].map((item) => Buffer.from(packer.header(item)));

const shown = (table: EntryTable | TablePart) =>
  Array.from({ length: table.count }, (_, i) => [
    table.path(i),
    table.kind(i),
    table.size(i),
    table.xattrs(i).map(([name, value]) => `${name}=${Buffer.from(value)}`),
  ]);

it('parts of a table that is being built are what the finished one has, and so are their headers', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 9 }), fc.nat(4000), (list, most, more) => {
      const packer = core.packer();
      const builder = core.tableBuilder();
      const parts: ReturnType<typeof shown> = [];
      const packed: Buffer[] = [];
      let bytes = 0;
      let given = 0;
      for (const [i, one] of list.entries()) {
        add(builder, one);
        if (builder.count - given < most && i + 1 < list.length) continue;
        const part = builder.part(given, builder.count);
        expect(part.first).toBe(given);
        parts.push(...shown(part));
        bytes += core.fileBytes(part);
        packer.begin(part);
        packed.push(...headers(packer));
        packer.end();
        given = builder.count;
      }
      const since = core.filesSince(builder.part(0, given), more / 1e6);
      const table = builder.finish();
      packer.close();
      expect(parts).toEqual(shown(table));
      expect(bytes).toBe(core.fileBytes(table));
      expect(since).toEqual(core.filesSince(table, more / 1e6));
      const whole = core.packer(table);
      expect(packed).toEqual(headers(whole));
      whole.close();
    }),
    { numRuns: 60 },
  );
});

it('a part grows no memory, however often one is packed', () => {
  const own = new Core();
  const packer = own.packer();
  const builder = own.tableBuilder();
  for (let i = 0; i < 500; i++) add(builder, { name: `f${String(i).padStart(4, '0')}`, size: i, attribute: 0 });
  const once = () => {
    for (let i = 0; i < 500; i += 50) {
      packer.begin(builder.part(i, i + 50));
      packer.batch(0, 1 << 20, padding(1));
      packer.end();
    }
  };
  once();
  const before = own.memory.byteLength;
  for (let n = 0; n < 200; n++) once();
  expect(own.memory.byteLength).toBe(before);
});

it('whether a file is the one it was is told by its inode and its change time', () => {
  const tableOf = (...list: Entry[]) => {
    const builder = core.tableBuilder();
    for (const one of list) add(builder, one);
    return builder.finish();
  };
  const one = { name: 'a', size: 5, attribute: 7 };
  const table = tableOf(one);
  expect(tableOf({ ...one, name: 'b' }).isSameFile(0, table, 0)).toBe(true);
  expect(tableOf({ ...one, size: 6 }).isSameFile(0, table, 0)).toBe(false);
  expect(tableOf({ ...one, attribute: 8 }).isSameFile(0, table, 0)).toBe(false);
});
