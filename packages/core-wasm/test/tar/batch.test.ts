import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Core, type EntryTable, ITEM, Kind, type KindCode, padding, sumOf } from '../../src/index.ts';

const core = new Core();

interface Entry {
  path: string;
  kind: KindCode;
  size: number;
  mtimeNs: bigint;
  attribute: number | null;
}
const name = fc.stringMatching(/^[a-zé.]{1,40}$/);
const entry: fc.Arbitrary<Entry> = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/')),
  kind: fc.constantFrom(Kind.file, Kind.file, Kind.file, Kind.dir, Kind.symlink, Kind.whiteout),
  size: fc.oneof(fc.nat(40), fc.nat(3000), fc.constantFrom(0, 511, 512, 513)),
  mtimeNs: fc.bigInt(-5n, 5_000_000_000n),
  attribute: fc.option(fc.nat(20_000), { freq: 8 }),
});
const entries = fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 150 });

function tableOf(list: readonly Entry[]): EntryTable {
  const builder = core.tableBuilder();
  for (const { path, kind, size, mtimeNs, attribute } of list) {
    builder.add(kind, Buffer.from(path), 0o640, 1, 2, mtimeNs, kind === Kind.file ? size : 0);
    if (kind === Kind.symlink) builder.link(Buffer.from('to'));
    if (attribute !== null && kind !== Kind.whiteout) builder.xattrs([['user.a', Buffer.alloc(attribute, 'v')]]);
  }
  return builder.finish();
}

/** The tar with files' bytes left zero, header by header. */
function oneByOne(table: EntryTable): Buffer {
  const packer = core.packer(table);
  const parts: Uint8Array[] = [];
  for (const item of packer.order) {
    parts.push(packer.header(item).slice());
    const size = item >= 0 && table.kind(item) === Kind.file ? table.size(item) : 0;
    parts.push(new Uint8Array(size + padding(size)));
  }
  packer.close();
  return Buffer.concat(parts);
}

/** The same into buffers of so many bytes, which are not empty to begin with; what a batch has no room for by itself. */
function inBatches(table: EntryTable, room: number): Buffer {
  const packer = core.packer(table);
  const done: Buffer[] = [];
  let buffer = Buffer.alloc(room, 0xee);
  let fill = 0;
  let owed = 0;
  const flush = () => {
    done.push(buffer.subarray(0, fill));
    buffer = Buffer.alloc(room, 0xee);
    fill = 0;
  };
  const file = (item: number, size: number, path: string) => {
    if (path !== table.path(item)) throw new Error(`${path} for ${table.path(item)}`);
    buffer.fill(0, fill, fill + size);
    fill += size;
    if (fill >= room) throw new Error('no byte is free after a file');
  };
  for (let i = 0; i < packer.order.length; ) {
    const batch = packer.batch(i, room - fill, owed);
    for (let k = 0; k < batch.count; k++) {
      const told = (field: number) => batch.items[k * ITEM.words + field] as number;
      expect(told(ITEM.item)).toBe(packer.order[i + k]);
      fill += batch.area.copy(buffer, fill, told(ITEM.from), told(ITEM.from) + told(ITEM.length));
      const size = told(ITEM.size);
      const at = told(ITEM.path);
      if (size > 0)
        file(told(ITEM.item), size, Buffer.from(batch.area.subarray(at, batch.area.indexOf(0, at))).toString());
      owed = padding(size);
    }
    i += batch.count;
    if (batch.count > 0) continue;
    if (fill > 0) {
      flush();
      continue;
    }
    const item = packer.order[i++] as number;
    const size = item >= 0 && table.kind(item) === Kind.file ? table.size(item) : 0;
    done.push(Buffer.alloc(owed), Buffer.from(packer.header(item)), Buffer.alloc(size));
    owed = padding(size);
  }
  flush();
  packer.close();
  return Buffer.concat([...done, Buffer.alloc(owed)]);
}

it('what is laid out many items at a time is what is made of each by itself', () => {
  fc.assert(
    fc.property(entries, fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.constant(1 << 20)), (list, room) => {
      const table = tableOf(list);
      expect(inBatches(table, room).equals(oneByOne(table))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('an item is given only where one byte is free behind it', () => {
  const packer = core.packer(tableOf([{ path: 'f', kind: Kind.file, size: 7, mtimeNs: 0n, attribute: null }]));
  expect(packer.batch(0, 512 + 7, 0).count).toBe(0);
  expect(packer.batch(0, 512 + 7 + 1, 0).count).toBe(1);
  expect(packer.batch(0, 512 + 7 + 1, 3).count).toBe(0);
  expect(packer.batch(0, 512 + 7 + 4, 3).count).toBe(1);
  packer.close();
});

it("a table's sum by the kernel is that of its bytes, and another once any of them is another", () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, bits) => {
      const { bytes, sum } = tableOf(list);
      expect(sum).toBe(sumOf(bytes));
      const at = place % bytes.length;
      bytes[at] = (bytes[at] as number) ^ bits;
      expect(sumOf(bytes)).not.toBe(sum);
    }),
    { numRuns: 60 },
  );
});

it('of two words that are others in one bit each the sum is another, wherever they are', () => {
  const bytes = new Uint8Array(256).map((_, at) => at * 37);
  const flip = (word: number, bit: number) => {
    const at = word * 4 + (bit >> 3);
    bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
  };
  const before = sumOf(bytes);
  const sums = new Set<number>();
  let pairs = 0;
  for (let a = 0; a < 64; a++) {
    for (let b = 0; b < a; b++) {
      flip(a, 31);
      flip(b, 31);
      sums.add(sumOf(bytes));
      pairs++;
      flip(a, 31);
      flip(b, 31);
    }
  }
  expect(sums).not.toContain(before);
  expect(sums.size).toBe(pairs);
});
