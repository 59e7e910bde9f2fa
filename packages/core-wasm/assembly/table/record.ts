// One entry of a table, little endian, in two lines of a processor's cache; its offsets are relative to the table's
// heap. src/table/layout.ts is its mirror.

/** Bytes of a record, and of what is told of its entry besides. */
export const LINE: u32 = 64;

/**
 * What a merge compares of an entry, in vectors of sixteen. All else is in a {@link Rest}, as far behind as the table or
 * builder says, the same for all of them: so a diff of what is mostly alike reads records one after the other, and little
 * else. Of two trees of a million entries: 10.6 ms with each rest behind its record, 6.9 so.
 */
// @ts-ignore: decorator
@unmanaged
export class Record {
  pathLen: u32;
  shared: u32; // in a table: bytes that the path has in common with that of the record before it
  linkLen: u32;
  xattrLen: u32;
  kind: u8;
  flags: u8;
  mode: u16;
  uid: u32;
  gid: u32;
  mtimeNsec: u32;
  mtimeSec: i64;
  size: u64;
  dataOff: u64; // where its bytes begin in the tar
  layer: u32; // in a union: the number of the table that it comes from
  pathOff: u32;
}

/** The rest of what is told of an entry. */
// @ts-ignore: decorator
@unmanaged
export class Rest {
  linkOff: u32;
  xattrOff: u32;
  sparseOff: u32;
  sparseLen: u32;
  stored: u64; // bytes that the tar has of it: a sparse file's holes are not among them
  devMajor: u32;
  devMinor: u32;
  ino: u64;
  dev: u64;
  ctime: i64; // nanoseconds
  seq: u32; // order of arrival
  unused: u32;
}

export const FILE: u8 = 0;
export const DIR: u8 = 1;
export const SYMLINK: u8 = 2;
export const HARDLINK: u8 = 3;
export const CHAR: u8 = 4;
export const BLOCK: u8 = 5;
export const FIFO: u8 = 6;
export const WHITEOUT: u8 = 7;

/** The directory hides what lies below it in lower layers. */
export const F_OPAQUE: u8 = 1;
/** The directory had no entry of its own: 0755, root's, and a lower directory's attributes win. */
export const F_IMPLIED: u8 = 2;
/** Of the extraction's own bookkeeping (`.wh..wh.plnk/N`): a hard link may name it, a tree never shows it. */
export const F_HIDDEN: u8 = 8;

/** The record at `index` of those that begin at `records`. */
// @ts-ignore: decorator
@inline
export function recordAt(records: usize, index: u32): Record {
  return changetype<Record>(records + index * LINE);
}

/** What is told besides of a record's entry, `behind` bytes from it. */
// @ts-ignore: decorator
@inline
export function restOf(r: Record, behind: usize): Rest {
  return changetype<Rest>(changetype<usize>(r) + behind);
}

/** Copies a record, or a rest. */
// @ts-ignore: decorator
@inline
export function copyLine(to: usize, from: usize): void {
  for (let i: u32 = 0; i < LINE; i += 16) v128.store(to + i, v128.load(from + i));
}
/** All of it zero: a call to fill costs more. */
// @ts-ignore: decorator
@inline
export function clearLine(at: usize): void {
  for (let i: u32 = 0; i < LINE; i += 16) v128.store(at + i, i32x4.splat(0));
}

/** Directories within directories: a path of PATH_MAX has fewer. */
export const MAX_DEPTH: u32 = 65536;
