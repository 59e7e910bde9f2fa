import { EntryTable } from './entry-table.ts';
import { H, Kind, LINE_BYTES, R, REST } from './layout.ts';

/** The file that a hard link stands for: an entry of some table, none of them a hard link itself. */
export interface LinkTarget {
  readonly table: EntryTable;
  readonly index: number;
  /** The number of its layer, as the result shall have it. */
  readonly layer: number;
}

/**
 * The table with every hard link replaced by the file that it stands for, under its own path: so that
 * each name tells by itself what a reader of that path sees, and two trees compare name by name. Names
 * of one file share `dev` and `ino`; a file with a single name keeps what it had.
 */
export function resolveLinks(table: EntryTable, find: (index: number) => LinkTarget): EntryTable {
  const links: [index: number, target: LinkTarget][] = [];
  for (let i = 0; i < table.count; i++) if (table.kind(i) === Kind.hardlink) links.push([i, find(i)]);
  if (links.length === 0) return table;
  let room = 0;
  for (const [, { table: from, index }] of links) for (const part of parts(from, index)) room += part.length;
  const { heapAt } = table;
  const bytes = grown(table, room);
  const view = new DataView(bytes.buffer);
  let at = table.bytes.length - heapAt;
  for (const [i, target] of links) {
    const [record, rest] = table.placeOf(i);
    const path = [R.pathOffset, R.pathLength, R.shared].map((field) => [field, view.getUint32(record + field, true)]);
    const [from, restFrom] = target.table.placeOf(target.index);
    bytes.set(target.table.bytes.subarray(from, from + LINE_BYTES), record);
    bytes.set(target.table.bytes.subarray(restFrom, restFrom + LINE_BYTES), rest);
    for (const [field, value] of path as [number, number][]) view.setUint32(record + field, value, true);
    const places = [
      [rest + REST.linkOffset, record + R.linkLength],
      [rest + REST.xattrOffset, record + R.xattrLength],
      [rest + REST.sparseOffset, rest + REST.sparseLength],
    ] as const;
    parts(target.table, target.index).forEach((part, n) => {
      const [offset, length] = places[n] as (typeof places)[number];
      bytes.set(part, heapAt + at);
      view.setUint32(offset, part.length === 0 ? 0 : at, true);
      view.setUint32(length, part.length, true);
      at += part.length;
    });
    identify(view, [record, rest], target);
    const named = table.find(target.table.pathBytes(target.index));
    // The file's first name is part of the tree only if no upper layer put something else in its place.
    if (named >= 0 && table.kind(named) !== Kind.hardlink && table.layer(named) === target.layer)
      identify(view, table.placeOf(named), target);
  }
  return EntryTable.from(bytes);
}

/** The table with other attributes (mode, owner, time, extended attributes) for some of its entries. */
export function withAttributes(table: EntryTable, from: ReadonlyMap<number, LinkTarget>): EntryTable {
  if (from.size === 0) return table;
  let room = 0;
  for (const { table: source, index } of from.values()) room += source.carried(index)[0].length;
  const bytes = grown(table, room);
  const view = new DataView(bytes.buffer);
  let at = table.bytes.length;
  const { heapAt } = table;
  for (const [i, { table: source, index }] of from) {
    const [record, rest] = table.placeOf(i);
    view.setUint16(record + R.mode, source.mode(index), true);
    view.setUint32(record + R.uid, source.uid(index), true);
    view.setUint32(record + R.gid, source.gid(index), true);
    view.setBigInt64(record + R.mtimeSec, source.mtimeSec(index), true);
    view.setUint32(record + R.mtimeNsec, source.mtimeNsec(index), true);
    const [xattrs] = source.carried(index);
    bytes.set(xattrs, at);
    view.setUint32(rest + REST.xattrOffset, xattrs.length === 0 ? 0 : at - heapAt, true);
    view.setUint32(record + R.xattrLength, xattrs.length, true);
    at += xattrs.length;
  }
  return EntryTable.from(bytes);
}

/** A copy with room for more at the heap's end. */
function grown(table: EntryTable, room: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(table.bytes.length + room);
  bytes.set(table.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(H.heapLength, view.getUint32(H.heapLength, true) + room, true);
  view.setUint32(H.total, bytes.length, true);
  return bytes;
}

/** A table with its layers numbered anew: two trees compare by layer only when equal numbers mean one layer. */
export function renumberLayers(table: EntryTable, number: (layer: number) => number): EntryTable {
  const bytes = table.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < table.count; i++) {
    const at = table.placeOf(i)[0] + R.layer;
    view.setUint32(at, number(view.getUint32(at, true)), true);
  }
  return EntryTable.from(bytes);
}

function identify(view: DataView, [record, rest]: readonly [number, number], target: LinkTarget): void {
  view.setBigUint64(rest + REST.dev, BigInt(target.layer) + 1n, true);
  view.setBigUint64(rest + REST.ino, BigInt(target.index) + 1n, true);
  view.setUint32(record + R.layer, target.layer, true);
}

function parts(table: EntryTable, index: number): Uint8Array[] {
  return [table.linkBytes(index), ...table.carried(index)];
}
