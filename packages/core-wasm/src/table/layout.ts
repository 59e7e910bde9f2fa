/** The layout of an entry table: the mirror of assembly/table/, where it is described. */
export const MAGIC = 0x4d494341;
/** Of the format; a stored table of another one is made anew. */
export const VERSION = 4;
export const HEADER_BYTES = 64;
/** Of a record, and of its rest: what is told of an entry is in two places. */
export const LINE_BYTES = 64;

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
export const H = {
  magic: 0,
  version: 4,
  count: 8,
  records: 12,
  heap: 16,
  heapLength: 20,
  total: 24,
  rests: 28,
} as const;

/** Record fields, byte offsets. */
export const R = {
  pathLength: 0,
  /** Bytes of the path that the one before it has as well. */
  shared: 4,
  linkLength: 8,
  xattrLength: 12,
  kind: 16,
  flags: 17,
  mode: 18,
  uid: 20,
  gid: 24,
  mtimeNsec: 28,
  mtimeSec: 32,
  size: 40,
  dataOffset: 48,
  layer: 56,
  pathOffset: 60,
} as const;

/** Fields of what is told of an entry besides its record, byte offsets. */
export const REST = {
  linkOffset: 0,
  xattrOffset: 4,
  sparseOffset: 8,
  sparseLength: 12,
  storedSize: 16,
  devMajor: 24,
  devMinor: 28,
  ino: 32,
  dev: 40,
  ctime: 48,
  seq: 56,
} as const;
