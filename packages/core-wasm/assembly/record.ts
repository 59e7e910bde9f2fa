// The layout of an entry table, little endian, relocatable: every offset is relative to the table
// (header fields) or to its heap (path, link, xattrs, sparse map). src/table.ts is its mirror.

export const MAGIC: u32 = 0x4d494341;
export const HEADER: u32 = 64;
export const RECORD: u32 = 128;

export const H_VERSION: usize = 4;
export const H_COUNT: usize = 8;
export const H_RECORDS: usize = 12;
export const H_HEAP: usize = 16;
export const H_HEAP_LEN: usize = 20;
export const H_TOTAL: usize = 24;

export const PATH_OFF: usize = 0;
export const PATH_LEN: usize = 4;
export const LINK_OFF: usize = 8;
export const LINK_LEN: usize = 12;
export const XATTR_OFF: usize = 16;
export const XATTR_LEN: usize = 20;
export const KIND: usize = 24;
export const FLAGS: usize = 25;
export const MODE: usize = 26;
export const UID: usize = 28;
export const GID: usize = 32;
export const MTIME_NSEC: usize = 36;
export const MTIME_SEC: usize = 40;
export const SIZE: usize = 48;
export const DATA_OFF: usize = 56;
export const STORED: usize = 64;
export const DEV_MAJOR: usize = 72;
export const DEV_MINOR: usize = 76;
export const LAYER: usize = 80;
export const SPARSE_OFF: usize = 84;
export const SPARSE_LEN: usize = 88;
export const SEQ: usize = 92;
export const INO: usize = 96;
export const DEV: usize = 104;
export const CTIME: usize = 112;

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

// @ts-ignore: decorator
@inline
export function records(table: usize): usize {
  return table + load<u32>(table, H_RECORDS);
}
// @ts-ignore: decorator
@inline
export function heap(table: usize): usize {
  return table + load<u32>(table, H_HEAP);
}
// @ts-ignore: decorator
@inline
export function countOf(table: usize): u32 {
  return load<u32>(table, H_COUNT);
}
/** Of the extraction's own bookkeeping (`.wh..wh.plnk/N`): a hard link may name it, a tree never shows it. */
export const F_HIDDEN: u8 = 8;
