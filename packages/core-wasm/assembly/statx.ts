// A record straight out of the kernel's struct statx (linux/stat.h), which the system call wrote into
// linear memory: no number of it passes through JavaScript.

import { builderBytes, builderRecord } from './builder';
import {
  BLOCK, CHAR, CTIME, DEV, DEV_MAJOR, DEV_MINOR, DIR, FIFO, FILE, GID, INO, KIND, MODE, MTIME_NSEC, MTIME_SEC,
  PATH_LEN, PATH_OFF, SIZE, SYMLINK, UID, WHITEOUT,
} from './record';

const STX_NLINK: usize = 16;
const STX_UID: usize = 20;
const STX_GID: usize = 24;
const STX_MODE: usize = 28;
const STX_INO: usize = 32;
const STX_SIZE: usize = 40;
const STX_CTIME: usize = 96;
const STX_MTIME: usize = 112;
const STX_RDEV_MAJOR: usize = 128;
const STX_RDEV_MINOR: usize = 132;
const STX_DEV_MAJOR: usize = 136;
const STX_DEV_MINOR: usize = 140;

/** Set in the result: the file has other names. */
const LINKED: i32 = 0x100;

/** inode(7); -1 for a socket. */
function kindOf(mode: u32): i32 {
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
export function builderStatx(b: usize, statx: usize, path: usize, len: u32, overlay: bool): i32 {
  const mode: u32 = load<u16>(statx, STX_MODE);
  const kind = kindOf(mode);
  if (kind < 0) return -1;
  const at = builderBytes(b, path, len);
  const r = builderRecord(b);
  store<u32>(r, at, PATH_OFF);
  store<u32>(r, len, PATH_LEN);
  if (overlay && kind == CHAR && load<u64>(statx, STX_RDEV_MAJOR) == 0) {
    store<u8>(r, WHITEOUT, KIND);
    return WHITEOUT;
  }
  store<u8>(r, <u8>kind, KIND);
  store<u16>(r, <u16>(mode & 0o7777), MODE);
  store<u32>(r, load<u32>(statx, STX_UID), UID);
  store<u32>(r, load<u32>(statx, STX_GID), GID);
  store<i64>(r, load<i64>(statx, STX_MTIME), MTIME_SEC);
  store<u32>(r, load<u32>(statx, STX_MTIME + 8), MTIME_NSEC);
  if (kind == FILE) store<u64>(r, load<u64>(statx, STX_SIZE), SIZE);
  else if (kind == CHAR || kind == BLOCK) {
    store<u32>(r, load<u32>(statx, STX_RDEV_MAJOR), DEV_MAJOR);
    store<u32>(r, load<u32>(statx, STX_RDEV_MINOR), DEV_MINOR);
  }
  store<u64>(r, load<u64>(statx, STX_INO), INO);
  store<u64>(r, (<u64>load<u32>(statx, STX_DEV_MAJOR) << 32) | load<u32>(statx, STX_DEV_MINOR), DEV);
  store<i64>(r, load<i64>(statx, STX_CTIME) * 1000000000 + load<u32>(statx, STX_CTIME + 8), CTIME);
  return kind != DIR && load<u32>(statx, STX_NLINK) > 1 ? kind | LINKED : kind;
}
