import { type EntryTable, Flag } from '@mica/core-wasm';
import type { Entry } from './entry.ts';

const kinds: readonly Entry['kind'][] = ['file', 'dir', 'symlink', 'hardlink', 'char', 'block', 'fifo', 'whiteout'];

/** A kernel's table as the twin's objects. */
export function entriesOf(table: EntryTable): Entry[] {
  return Array.from({ length: table.count }, (_, i) => ({
    path: table.path(i),
    kind: kinds[table.kind(i)] as Entry['kind'],
    mode: table.mode(i),
    uid: table.uid(i),
    gid: table.gid(i),
    mtimeSec: Number(table.mtimeSec(i)),
    mtimeNsec: table.mtimeNsec(i),
    size: table.size(i),
    dataOffset: table.dataOffset(i),
    link: table.link(i),
    xattrs: table.hasXattrs(i)
      ? new Map(table.xattrs(i).map(([name, value]) => [name, Buffer.from(value).toString()]))
      : undefined,
    devMajor: table.devMajor(i),
    devMinor: table.devMinor(i),
    opaque: (table.flags(i) & Flag.opaque) !== 0,
    implied: (table.flags(i) & Flag.implied) !== 0,
    layer: table.layer(i),
    seq: table.seq(i),
  }));
}
