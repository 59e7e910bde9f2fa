// Tar headers from a table: ustar where it holds, a pax header before it where it does not. The
// bytes depend on nothing but the record, so equal content is an equal digest.

import {
  BLOCK, CHAR, DIR, FIFO, FILE, HARDLINK, LINE, Record, recordAt, Rest, restOf, SYMLINK, WHITEOUT,
} from '../../table/record';
import { behindOf, heapOf, recordsOf, Table } from '../../table/table';
import {
  AT_DEV_MAJOR, AT_DEV_MINOR, AT_GID, AT_LINK, AT_MODE, AT_MTIME, AT_SIZE, AT_TYPE, AT_UID, BLOCK_SIZE, LINK_LEN,
  NAME_LEN, T_BLOCK, T_CHAR, T_DIR, T_FIFO, T_FILE, T_HARDLINK, T_PAX, T_SYMLINK,
} from '../format';
import {
  GID_LEN, K_GID, K_LINKPATH, K_PATH, K_SIZE, K_UID, K_XATTR, LINKPATH_LEN, PATH_LEN, SIZE_LEN, UID_LEN, XATTR_LEN,
} from '../keywords';
import { MAX_LONG, MAX_SHORT, putDevice, putLong, putMagic, putShort, seal } from './block';
import { putBytes } from './digits';
import { putName } from './name';
import { putNamedRecord, putNumber, putRecord, putTime } from './pax';

// PaxHeaders/
const PAX_DIR = memory.data<u8>([0x50, 0x61, 0x78, 0x48, 0x65, 0x61, 0x64, 0x65, 0x72, 0x73, 0x2f]);
const PAX_DIR_LEN: u32 = 11;

/** Room that a header of this record may need, bytes. */
export function headerBound(table: Table, index: u32): u32 {
  const r = recordAt(recordsOf(table), index);
  // Per xattr record: key prefix, digits and padding beyond the 8 bytes that its lengths take here.
  return 4096 + r.pathLen * 2 + r.linkLen + r.xattrLen * 5;
}

/** A mark has no attributes of its own: zeros, which are an empty file's. */
const MARK = changetype<Record>(memory.data(LINE, 16));
const MARK_REST = changetype<Rest>(memory.data(LINE, 16));

/**
 * Writes the header blocks of one item of packOrder at `out` (room for headerBound bytes and the name once
 * more at its end); their length. Data and its padding are the caller's to write.
 */
export function packHeader(table: Table, item: i32, out: usize): u32 {
  const opaque = item < 0;
  const index: u32 = opaque ? <u32>(-1 - item) : <u32>item;
  const named = recordAt(recordsOf(table), index);
  const heap = heapOf(table);
  // Built behind the longest header there can be.
  const name = out + headerBound(table, index);
  const nameLen = <u32>(putName(name, heap, named, opaque) - name);
  const mark = opaque || named.kind == WHITEOUT;
  const r = mark ? MARK : named;
  const rest = mark ? MARK_REST : restOf(named, behindOf(table));

  const body = out + BLOCK_SIZE;
  const end = putRecords(body, heap, r, rest, name, nameLen);
  let header = out;
  if (end > body) {
    extendedHeader(out, name, nameLen, <u32>(end - body));
    header = body + padded(end - body);
    memory.fill(end, 0, header - end);
  }
  ownHeader(header, heap, r, rest, name, nameLen);
  return <u32>(header + BLOCK_SIZE - out);
}

function padded(size: usize): usize {
  return (size + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);
}

/** What the header has no room for, as pax records in a fixed order; the address behind them. */
function putRecords(to: usize, heap: usize, r: Record, rest: Rest, name: usize, nameLen: u32): usize {
  if (nameLen > NAME_LEN) to = putRecord(to, K_PATH, PATH_LEN, name, nameLen);
  if (targetLength(r) > LINK_LEN) to = putRecord(to, K_LINKPATH, LINKPATH_LEN, heap + rest.linkOff, r.linkLen);
  if (bodySize(r) > MAX_LONG) to = putNumber(to, K_SIZE, SIZE_LEN, r.size);
  if (r.uid > MAX_SHORT) to = putNumber(to, K_UID, UID_LEN, r.uid);
  if (r.gid > MAX_SHORT) to = putNumber(to, K_GID, GID_LEN, r.gid);
  if (r.mtimeNsec != 0 || !hasPlainTime(r)) to = putTime(to, r.mtimeSec, r.mtimeNsec);
  let x = heap + rest.xattrOff;
  const stop = x + r.xattrLen;
  while (x < stop) {
    const keyLen = load<u32>(x);
    const valueLen = load<u32>(x, 4);
    const key = x + 8;
    to = putNamedRecord(to, K_XATTR, XATTR_LEN, key, keyLen, key + keyLen, valueLen);
    x = key + keyLen + valueLen;
  }
  return to;
}

function targetLength(r: Record): u32 {
  return r.kind == SYMLINK || r.kind == HARDLINK ? r.linkLen : 0;
}
function bodySize(r: Record): u64 {
  return r.kind == FILE ? r.size : 0;
}
function hasPlainTime(r: Record): bool {
  return <u64>r.mtimeSec <= MAX_LONG; // a negative one is a large number so
}

function extendedHeader(h: usize, name: usize, nameLen: u32, size: u32): void {
  memory.fill(h, 0, BLOCK_SIZE);
  putBytes(putBytes(h, PAX_DIR, PAX_DIR_LEN), name, min(nameLen, NAME_LEN - PAX_DIR_LEN));
  putShort(h + AT_MODE, 0o644);
  putShort(h + AT_UID, 0);
  putShort(h + AT_GID, 0);
  putLong(h + AT_SIZE, size);
  putLong(h + AT_MTIME, 0);
  store<u8>(h + AT_TYPE, T_PAX);
  putMagic(h);
  seal(h);
}

function ownHeader(h: usize, heap: usize, r: Record, rest: Rest, name: usize, nameLen: u32): void {
  memory.fill(h, 0, BLOCK_SIZE);
  putBytes(h, name, min(nameLen, NAME_LEN));
  putShort(h + AT_MODE, r.mode);
  putShort(h + AT_UID, r.uid);
  putShort(h + AT_GID, r.gid);
  putLong(h + AT_SIZE, bodySize(r));
  putLong(h + AT_MTIME, hasPlainTime(r) ? <u64>r.mtimeSec : 0);
  store<u8>(h + AT_TYPE, typeOf(r.kind));
  putBytes(h + AT_LINK, heap + rest.linkOff, min(targetLength(r), LINK_LEN));
  putMagic(h);
  if (r.kind == CHAR || r.kind == BLOCK) {
    putDevice(h + AT_DEV_MAJOR, rest.devMajor);
    putDevice(h + AT_DEV_MINOR, rest.devMinor);
  }
  seal(h);
}

function typeOf(kind: u8): u8 {
  switch (kind) {
    case DIR:
      return T_DIR;
    case SYMLINK:
      return T_SYMLINK;
    case HARDLINK:
      return T_HARDLINK;
    case CHAR:
      return T_CHAR;
    case BLOCK:
      return T_BLOCK;
    case FIFO:
      return T_FIFO;
    default:
      return T_FILE;
  }
}
