// A record straight out of the kernel's struct statx (linux/stat.h), which the system call wrote into
// linear memory: no number of it passes through JavaScript.

import { Builder, builderBehind, builderBytes, builderRecord } from './builder';
import { BLOCK, CHAR, DIR, FIFO, FILE, Record, Rest, restOf, SYMLINK, WHITEOUT } from './record';

// @ts-ignore: decorator
@unmanaged
export class Statx {
  mask: u32;
  blksize: u32;
  attributes: u64;
  nlink: u32;
  uid: u32;
  gid: u32;
  mode: u16;
  ino: u64;
  size: u64;
  blocks: u64;
  attributesMask: u64;
  atimeSec: i64;
  atimeNsec: u32;
  btimeSec: i64;
  btimeNsec: u32;
  ctimeSec: i64;
  ctimeNsec: u32;
  mtimeSec: i64;
  mtimeNsec: u32;
  mtimeReserved: i32;
  rdevMajor: u32;
  rdevMinor: u32;
  devMajor: u32;
  devMinor: u32;
}

/** Set in the result: the file has other names. */
const LINKED: i32 = 0x100;

/** inode(7); -1 for a socket. */
export function kindOf(mode: u32): i32 {
  switch (mode >> 12) {
    case 0o10:
      return FILE;
    case 0o04:
      return DIR;
    case 0o12:
      return SYMLINK;
    case 0o02:
      return CHAR;
    case 0o06:
      return BLOCK;
    case 0o01:
      return FIFO;
    default:
      return -1;
  }
}

/**
 * Adds the entry at `path`; its kind, with {@link LINKED} or'ed in when its link count says so, or -1
 * for a socket, which is not added. In an overlay's upper a character device 0:0 is a whiteout.
 */
export function builderStatx(b: Builder, stat: Statx, path: usize, len: u32, overlay: bool): i32 {
  const kind = kindOf(stat.mode);
  if (kind < 0) return -1;
  const pathOff = builderBytes(b, path, len);
  const r = builderRecord(b);
  r.pathOff = pathOff;
  r.pathLen = len;
  if (overlay && kind == CHAR && stat.rdevMajor == 0 && stat.rdevMinor == 0) {
    r.kind = WHITEOUT;
    return WHITEOUT;
  }
  putStatx(r, restOf(r, builderBehind(b)), stat, kind);
  return kind != DIR && stat.nlink > 1 ? kind | LINKED : kind;
}

/** What the struct says of an entry of that kind. */
export function putStatx(r: Record, rest: Rest, stat: Statx, kind: i32): void {
  r.kind = <u8>kind;
  r.mode = stat.mode & 0o7777;
  r.uid = stat.uid;
  r.gid = stat.gid;
  r.mtimeSec = stat.mtimeSec;
  r.mtimeNsec = stat.mtimeNsec;
  if (kind == FILE) r.size = stat.size;
  else if (kind == CHAR || kind == BLOCK) {
    rest.devMajor = stat.rdevMajor;
    rest.devMinor = stat.rdevMinor;
  }
  rest.ino = stat.ino;
  rest.dev = (<u64>stat.devMajor << 32) | stat.devMinor;
  rest.ctime = stat.ctimeSec * 1000000000 + stat.ctimeNsec;
}
