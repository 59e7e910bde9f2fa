/** The layout of an entry table: the mirror of assembly/table/, where it is described. */
export const MAGIC = 0x4d494341;
export const HEADER_BYTES = 64;
export const RECORD_BYTES = 128;

export const Kind = {
  file: 0,
  dir: 1,
  symlink: 2,
  hardlink: 3,
  char: 4,
  block: 5,
  fifo: 6,
  whiteout: 7,
} as const;
export type KindCode = (typeof Kind)[keyof typeof Kind];

export const Flag = {
  /** The directory hides what lower layers have below it. */
  opaque: 1,
  /** The directory had no entry of its own: 0755, and a lower directory's attributes win. */
  implied: 2,
  /** A name of the extraction's own bookkeeping (`.wh..wh.plnk/…`): links may name it, a tree never shows it. */
  hidden: 8,
} as const;

/** Header fields, byte offsets. */
export const H = { magic: 0, version: 4, count: 8, records: 12, heap: 16, heapLength: 20, total: 24 } as const;

/** Record fields, byte offsets. */
export const R = {
  pathOffset: 0,
  pathLength: 4,
  linkOffset: 8,
  linkLength: 12,
  xattrOffset: 16,
  xattrLength: 20,
  kind: 24,
  flags: 25,
  mode: 26,
  uid: 28,
  gid: 32,
  mtimeNsec: 36,
  mtimeSec: 40,
  size: 48,
  dataOffset: 56,
  storedSize: 64,
  devMajor: 72,
  devMinor: 76,
  layer: 80,
  sparseOffset: 84,
  sparseLength: 88,
  seq: 92,
  ino: 96,
  dev: 104,
  ctime: 112,
} as const;
