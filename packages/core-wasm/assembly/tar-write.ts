// Tar headers from a table: ustar where it holds, a pax header before it where it does not. The
// bytes depend on nothing but the record, so equal content is an equal digest.

import { alloc } from './arena';
import { isBelow } from './bytes';
import {
  BLOCK,
  CHAR,
  countOf,
  DEV_MAJOR,
  DEV_MINOR,
  DIR,
  FILE,
  FLAGS,
  F_IMPLIED,
  F_OPAQUE,
  GID,
  HARDLINK,
  heap,
  KIND,
  LINK_LEN,
  LINK_OFF,
  MODE,
  MTIME_NSEC,
  MTIME_SEC,
  PATH_LEN,
  PATH_OFF,
  RECORD,
  records,
  SIZE,
  SYMLINK,
  FIFO,
  UID,
  WHITEOUT,
  XATTR_LEN,
  XATTR_OFF,
} from './record';
import { parentLength } from './bytes';

const NONE: u32 = 0xffffffff;

/**
 * The order in which a layer's entries stand in its tar: as the table has them, but within a
 * directory its opaque mark and its whiteouts first (image-spec 1.1.1, layer.md: whiteouts SHOULD
 * precede siblings). i32 each: record i as i, the opaque mark of directory i as -1 - i. The count
 * stands before the first.
 */
export function packOrder(table: usize): usize {
  const n = countOf(table);
  const out = alloc((n * 2 + 1) * 4);
  const first = alloc((n + 1) * 4); // first whiteout directly in directory i; slot n is the root's
  const next = alloc((n + 1) * 4);
  memory.fill(first, 0xff, (n + 1) * 4);
  const stack = alloc(65536 * 4);
  let depth: u32 = 0;
  const recs = records(table);
  const h = heap(table);
  // Backwards pass by a forward one: whiteouts of a directory are chained in table order.
  const last = alloc((n + 1) * 4);
  memory.fill(last, 0xff, (n + 1) * 4);
  for (let i: u32 = 0; i < n; i++) {
    const r = recs + i * RECORD;
    const path = h + load<u32>(r, PATH_OFF);
    const len = load<u32>(r, PATH_LEN);
    while (depth > 0) {
      const d = recs + load<u32>(stack + (depth - 1) * 4) * RECORD;
      if (isBelow(path, len, h + load<u32>(d, PATH_OFF), load<u32>(d, PATH_LEN))) break;
      depth--;
    }
    if (load<u8>(r, KIND) == WHITEOUT) {
      const d = depth > 0 ? load<u32>(stack + (depth - 1) * 4) : n;
      const tail = load<u32>(last + d * 4);
      if (tail == NONE) store<u32>(first + d * 4, i);
      else store<u32>(next + tail * 4, i);
      store<u32>(next + i * 4, NONE);
      store<u32>(last + d * 4, i);
    } else if (load<u8>(r, KIND) == DIR) store<u32>(stack + depth++ * 4, i);
  }
  let k: u32 = 1;
  // Without a record of its own the root's whiteouts come first of all.
  for (let w = load<u32>(first + n * 4); w != NONE; w = load<u32>(next + w * 4)) store<u32>(out + k++ * 4, w);
  for (let i: u32 = 0; i < n; i++) {
    const r = recs + i * RECORD;
    const kind = load<u8>(r, KIND);
    if (kind == WHITEOUT) continue;
    if (kind != DIR || !(load<u8>(r, FLAGS) & F_IMPLIED)) store<u32>(out + k++ * 4, i);
    if (kind != DIR) continue;
    if (load<u8>(r, FLAGS) & F_OPAQUE) store<i32>(out + k++ * 4, -1 - <i32>i);
    for (let w = load<u32>(first + i * 4); w != NONE; w = load<u32>(next + w * 4)) store<u32>(out + k++ * 4, w);
  }
  store<u32>(out, k - 1);
  return out;
}

/** Room that a header of this record may need, bytes. */
export function headerBound(table: usize, index: u32): u32 {
  const r = records(table) + index * RECORD;
  // Per xattr record: key prefix, digits and padding beyond the 8 bytes that its lengths take here.
  return 4096 + load<u32>(r, PATH_LEN) * 2 + load<u32>(r, LINK_LEN) + load<u32>(r, XATTR_LEN) * 5;
}

function octal(at: usize, digits: u32, value: u64): void {
  for (let i = <i32>digits - 1; i >= 0; i--) {
    store<u8>(at + i, <u8>(0x30 + (value & 7)));
    value >>= 3;
  }
}

function put(at: usize, text: usize, len: u32): usize {
  memory.copy(at, text, len);
  return at + len;
}

function digitsOf(value: u64): u32 {
  let n: u32 = 1;
  while (value >= 10) {
    value /= 10;
    n++;
  }
  return n;
}

function putDecimal(at: usize, value: u64): usize {
  const n = digitsOf(value);
  for (let i = <i32>n - 1; i >= 0; i--) {
    store<u8>(at + i, <u8>(0x30 + (value % 10)));
    value /= 10;
  }
  return at + n;
}

/** "LENGTH KEY=VALUE\n", its length counting its own digits. */
function record(at: usize, key: usize, keyLen: u32, key2: usize, key2Len: u32, value: usize, len: u32): usize {
  const body = keyLen + key2Len + len + 3;
  let total = body + digitsOf(body);
  if (body + digitsOf(total) != total) total = body + digitsOf(total);
  at = putDecimal(at, total);
  store<u8>(at++, 0x20);
  at = put(at, key, keyLen);
  at = put(at, key2, key2Len);
  store<u8>(at++, 0x3d);
  at = put(at, value, len);
  store<u8>(at++, 0x0a);
  return at;
}

const K_PATH = memory.data<u8>([0x70, 0x61, 0x74, 0x68]); // path
const K_LINKPATH = memory.data<u8>([0x6c, 0x69, 0x6e, 0x6b, 0x70, 0x61, 0x74, 0x68]); // linkpath
const K_SIZE = memory.data<u8>([0x73, 0x69, 0x7a, 0x65]); // size
const K_UID = memory.data<u8>([0x75, 0x69, 0x64]); // uid
const K_GID = memory.data<u8>([0x67, 0x69, 0x64]); // gid
const K_MTIME = memory.data<u8>([0x6d, 0x74, 0x69, 0x6d, 0x65]); // mtime
// SCHILY.xattr.
const K_XATTR = memory.data<u8>([0x53, 0x43, 0x48, 0x49, 0x4c, 0x59, 0x2e, 0x78, 0x61, 0x74, 0x74, 0x72, 0x2e]);
// PaxHeaders/
const PAX_DIR = memory.data<u8>([0x50, 0x61, 0x78, 0x48, 0x65, 0x61, 0x64, 0x65, 0x72, 0x73, 0x2f]);
const digits = memory.data(64, 16);

function paxNumber(at: usize, key: usize, keyLen: u32, value: u64): usize {
  const end = putDecimal(digits, value);
  return record(at, key, keyLen, 0, 0, digits, <u32>(end - digits));
}

/** Decimal seconds, the fraction without trailing zeros; before 1970 as the negative number it is. */
function paxTime(at: usize, seconds: i64, nanos: u32): usize {
  let to = digits;
  let whole = seconds;
  let fraction = nanos;
  if (seconds < 0) {
    store<u8>(to++, 0x2d);
    whole = -seconds;
    if (nanos > 0) {
      whole -= 1;
      fraction = 1000000000 - nanos;
    }
  }
  to = putDecimal(to, <u64>whole);
  if (fraction > 0) {
    store<u8>(to++, 0x2e);
    let scale: u32 = 100000000;
    while (fraction > 0) {
      store<u8>(to++, <u8>(0x30 + fraction / scale));
      fraction %= scale;
      scale /= 10;
    }
  }
  return record(at, K_MTIME, 5, 0, 0, digits, <u32>(to - digits));
}

function seal(h: usize): void {
  memory.fill(h + 148, 0x20, 8);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 512; i++) sum += load<u8>(h + i);
  octal(h + 148, 6, sum);
  store<u8>(h + 154, 0);
}

function typeOf(kind: u8): u8 {
  switch (kind) {
    case DIR:
      return 0x35;
    case SYMLINK:
      return 0x32;
    case HARDLINK:
      return 0x31;
    case CHAR:
      return 0x33;
    case BLOCK:
      return 0x34;
    case FIFO:
      return 0x36;
    default:
      return 0x30;
  }
}

/** 7 octal digits, or GNU's base-256 past 2,097,151: device numbers have no pax keyword of their own. */
function device(at: usize, value: u32): void {
  if (value <= 0o7777777) {
    octal(at, 7, value);
    return;
  }
  store<u32>(at, 0x80);
  store<u32>(at, bswap<u32>(value), 4);
}

/**
 * Writes the header blocks of one item of {@link packOrder} at `out` (room for headerBound bytes
 * and the name once more at its end); their length. Data and its padding are the caller's to write.
 */
export function packHeader(table: usize, item: i32, out: usize): u32 {
  const index: u32 = item < 0 ? <u32>(-1 - item) : <u32>item;
  const r = records(table) + index * RECORD;
  const h = heap(table);
  const kind = load<u8>(r, KIND);
  const path = h + load<u32>(r, PATH_OFF);
  const len = load<u32>(r, PATH_LEN);
  const mark = item < 0 || kind == WHITEOUT;

  // The name as it stands in the archive, built behind the longest header there can be.
  const name = out + headerBound(table, index);
  let nameEnd = name;
  if (item < 0) {
    nameEnd = put(nameEnd, path, len);
    if (len > 0) store<u8>(nameEnd++, 0x2f);
    store<u64>(nameEnd, 0x2e68772e2e68772e);
    store<u32>(nameEnd, 0x71706f2e, 8);
    nameEnd += 12;
  } else if (kind == WHITEOUT) {
    const parent = parentLength(path, len);
    const base = parent == 0 ? 0 : parent + 1;
    nameEnd = put(nameEnd, path, base);
    store<u32>(nameEnd, 0x2e68772e);
    nameEnd = put(nameEnd + 4, path + base, len - base);
  } else {
    nameEnd = put(nameEnd, path, len);
    if (len == 0) store<u8>(nameEnd++, 0x2e);
    if (kind == DIR) store<u8>(nameEnd++, 0x2f);
  }
  const nameLen = <u32>(nameEnd - name);
  const isLink = !mark && (kind == SYMLINK || kind == HARDLINK);
  const link = h + load<u32>(r, LINK_OFF);
  const linkLen = isLink ? load<u32>(r, LINK_LEN) : 0;
  const size: u64 = !mark && kind == FILE ? load<u64>(r, SIZE) : 0;
  const uid: u64 = mark ? 0 : load<u32>(r, UID);
  const gid: u64 = mark ? 0 : load<u32>(r, GID);
  const seconds: i64 = mark ? 0 : load<i64>(r, MTIME_SEC);
  const nanos: u32 = mark ? 0 : load<u32>(r, MTIME_NSEC);

  // pax records, in a fixed order
  const body = out + 512;
  let at = body;
  if (nameLen > 100) at = record(at, K_PATH, 4, 0, 0, name, nameLen);
  if (linkLen > 100) at = record(at, K_LINKPATH, 8, 0, 0, link, linkLen);
  if (size > 0o77777777777) at = paxNumber(at, K_SIZE, 4, size);
  if (uid > 0o7777777) at = paxNumber(at, K_UID, 3, uid);
  if (gid > 0o7777777) at = paxNumber(at, K_GID, 3, gid);
  const plainTime = seconds >= 0 && seconds <= 0o77777777777;
  if (nanos != 0 || !plainTime) at = paxTime(at, seconds, nanos);
  if (!mark) {
    let x = h + load<u32>(r, XATTR_OFF);
    const stop = x + load<u32>(r, XATTR_LEN);
    while (x < stop) {
      const nl = load<u32>(x);
      const vl = load<u32>(x, 4);
      at = record(at, K_XATTR, 13, x + 8, nl, x + 8 + nl, vl);
      x += 8 + nl + vl;
    }
  }
  let header = out;
  if (at > body) {
    const bodyLen = <u32>(at - body);
    const padded = (bodyLen + 511) & ~511;
    memory.fill(at, 0, padded - bodyLen);
    memory.fill(out, 0, 512);
    put(put(out, PAX_DIR, 11), name, min(nameLen, 89));
    octal(out + 100, 7, 0o644);
    octal(out + 108, 7, 0);
    octal(out + 116, 7, 0);
    octal(out + 124, 11, bodyLen);
    octal(out + 136, 11, 0);
    store<u8>(out + 156, 0x78);
    magic(out);
    seal(out);
    header = body + padded;
  }
  memory.fill(header, 0, 512);
  put(header, name, min(nameLen, 100));
  octal(header + 100, 7, mark ? 0 : <u64>load<u16>(r, MODE));
  octal(header + 108, 7, uid > 0o7777777 ? 0 : uid);
  octal(header + 116, 7, gid > 0o7777777 ? 0 : gid);
  octal(header + 124, 11, size > 0o77777777777 ? 0 : size);
  octal(header + 136, 11, plainTime ? <u64>seconds : 0);
  store<u8>(header + 156, mark ? 0x30 : typeOf(kind));
  if (linkLen > 0) put(header + 157, link, min(linkLen, 100));
  magic(header);
  if (!mark && (kind == CHAR || kind == BLOCK)) {
    device(header + 329, load<u32>(r, DEV_MAJOR));
    device(header + 337, load<u32>(r, DEV_MINOR));
  }
  seal(header);
  return <u32>(header + 512 - out);
}

/** "ustar\0" "00": POSIX, whose pax headers the records above are. */
function magic(h: usize): void {
  store<u32>(h + 257, 0x61747375);
  store<u32>(h + 261, 0x30300072);
}
