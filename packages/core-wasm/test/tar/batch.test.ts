import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Core, type EntryTable, ITEM, Kind, padding } from '../../src/index.ts';
import { anyEntries, tableOf } from '../support/any-table.ts';

const core = new Core();

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
    fc.property(anyEntries, fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.constant(1 << 20)), (list, room) => {
      const table = tableOf(core, list);
      expect(inBatches(table, room).equals(oneByOne(table))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('an item is given only where one byte is free behind it', () => {
  const packer = core.packer(tableOf(core, [{ path: 'f', kind: Kind.file, size: 7, mtimeNs: 0n, attribute: null }]));
  expect(packer.batch(0, 512 + 7, 0).count).toBe(0);
  expect(packer.batch(0, 512 + 7 + 1, 0).count).toBe(1);
  expect(packer.batch(0, 512 + 7 + 1, 3).count).toBe(0);
  expect(packer.batch(0, 512 + 7 + 4, 3).count).toBe(1);
  packer.close();
});
