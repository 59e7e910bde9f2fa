// pax extended headers: "LENGTH KEYWORD=VALUE\n" records (POSIX.1-2017 pax, "pax Extended Header").

import { builderAt, builderHeap, builderHeapLength, builderRoom } from './builder';
import { MTIME_NSEC, MTIME_SEC, XATTR_LEN, XATTR_OFF } from './record';
import { clearFieldError, decimal, fieldError, nanosPart, paxTime, secondsPart } from './tar-fields';

const E_PAX: u32 = 6;
const E_LIMIT: u32 = 7;
const E_SPARSE: u32 = 8;
const MAX_XATTRS: u32 = 1024;

/** What the extended headers of one entry said; pointers hold until the next header. */
// @ts-ignore: decorator
@unmanaged
export class PaxState {
  size: i64;
  uid: i64;
  gid: i64;
  sparseReal: i64; // -1: not sparse
  pendingOffset: i64;
  path: usize;
  pathLen: u32;
  link: usize;
  linkLen: u32;
  sparseName: usize;
  sparseNameLen: u32;
  sparseMajor: u32;
  mapOff: u32;
  mapLen: u32;
}

// @ts-ignore: decorator
@inline
function is(key: usize, keyLen: u32, text: usize, n: u32): bool {
  if (keyLen != n) return false;
  for (let i: u32 = 0; i < n; i++) if (load<u8>(key + i) != load<u8>(text + i)) return false;
  return true;
}

const K_PATH = memory.data<u8>([0x70, 0x61, 0x74, 0x68]); // path
const K_LINKPATH = memory.data<u8>([0x6c, 0x69, 0x6e, 0x6b, 0x70, 0x61, 0x74, 0x68]); // linkpath
const K_SIZE = memory.data<u8>([0x73, 0x69, 0x7a, 0x65]); // size
const K_UID = memory.data<u8>([0x75, 0x69, 0x64]); // uid
const K_GID = memory.data<u8>([0x67, 0x69, 0x64]); // gid
const K_MTIME = memory.data<u8>([0x6d, 0x74, 0x69, 0x6d, 0x65]); // mtime
// SCHILY.xattr.
const K_XATTR = memory.data<u8>([0x53, 0x43, 0x48, 0x49, 0x4c, 0x59, 0x2e, 0x78, 0x61, 0x74, 0x74, 0x72, 0x2e]);
// GNU.sparse.
const K_SPARSE = memory.data<u8>([0x47, 0x4e, 0x55, 0x2e, 0x73, 0x70, 0x61, 0x72, 0x73, 0x65, 0x2e]);
const S_MAJOR = memory.data<u8>([0x6d, 0x61, 0x6a, 0x6f, 0x72]); // major
const S_NAME = memory.data<u8>([0x6e, 0x61, 0x6d, 0x65]); // name
const S_REALSIZE = memory.data<u8>([0x72, 0x65, 0x61, 0x6c, 0x73, 0x69, 0x7a, 0x65]); // realsize
const S_OFFSET = memory.data<u8>([0x6f, 0x66, 0x66, 0x73, 0x65, 0x74]); // offset
const S_NUMBYTES = memory.data<u8>([0x6e, 0x75, 0x6d, 0x62, 0x79, 0x74, 0x65, 0x73]); // numbytes
const S_MAP = memory.data<u8>([0x6d, 0x61, 0x70]); // map

/** Applies the records of `body` to the entry; 0, or the error. An empty value takes back what a global said. */
export function paxApply(x: PaxState, b: usize, index: u32, body: usize, len: u32): u32 {
  let at: u32 = 0;
  while (at < len) {
    let n: u32 = 0;
    let i = at;
    for (; i < len && i - at < 9; i++) {
      const c = load<u8>(body + i);
      if (c < 0x30 || c > 0x39) break;
      n = n * 10 + (c - 0x30);
    }
    const end = at + n;
    // room for " k=\n" after the length; the record's last byte is its newline
    if (i == at || i >= len || load<u8>(body + i) != 0x20 || n > len - at || end < i + 4 || load<u8>(body + end - 1) != 0x0a)
      return E_PAX;
    const key = body + i + 1;
    let eq = i + 1;
    while (eq < end - 1 && load<u8>(body + eq) != 0x3d) {
      if (load<u8>(body + eq) == 0) return E_PAX;
      eq++;
    }
    if (eq == end - 1 || eq == i + 1) return E_PAX;
    const error = one(x, b, index, key, eq - i - 1, body + eq + 1, end - eq - 2);
    if (error != 0) return error;
    at = end;
  }
  return 0;
}

function hasNul(at: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) if (load<u8>(at + i) == 0) return true;
  return false;
}

function one(x: PaxState, b: usize, index: u32, key: usize, keyLen: u32, value: usize, len: u32): u32 {
  clearFieldError();
  if (keyLen > 13 && is(key, 13, K_XATTR, 13)) return xattr(b, index, key + 13, keyLen - 13, value, len);
  if (is(key, keyLen, K_PATH, 4)) {
    if (hasNul(value, len)) return E_PAX;
    x.path = len == 0 ? 0 : value;
    x.pathLen = len;
  } else if (is(key, keyLen, K_LINKPATH, 8)) {
    if (hasNul(value, len)) return E_PAX;
    x.link = len == 0 ? 0 : value;
    x.linkLen = len;
  } else if (len == 0) {
    return 0;
  } else if (is(key, keyLen, K_SIZE, 4)) x.size = decimal(value, len);
  else if (is(key, keyLen, K_UID, 3)) x.uid = decimal(value, len);
  else if (is(key, keyLen, K_GID, 3)) x.gid = decimal(value, len);
  else if (is(key, keyLen, K_MTIME, 5)) {
    paxTime(value, len);
    const r = builderAt(b, index);
    store<i64>(r, secondsPart, MTIME_SEC);
    store<u32>(r, nanosPart, MTIME_NSEC);
  } else if (keyLen > 11 && is(key, 11, K_SPARSE, 11)) return sparse(x, b, key + 11, keyLen - 11, value, len);
  return fieldError ? E_PAX : 0;
}

/** Appends {name length, value length, name, value}; a name said again replaces what was said (a global's). */
function xattr(b: usize, index: u32, name: usize, nameLen: u32, value: usize, len: u32): u32 {
  if (nameLen > 255 || hasNul(name, nameLen)) return E_PAX;
  const r = builderAt(b, index);
  const oldOff = load<u32>(r, XATTR_OFF);
  const oldLen = load<u32>(r, XATTR_LEN);
  const at = builderRoom(b, oldLen + 8 + nameLen + len);
  const heap = builderHeap(b);
  // Copied in order of name, so that equal sets are equal bytes.
  let from = heap + oldOff;
  const stop = from + oldLen;
  let to = heap + at;
  let placed = false;
  let names: u32 = 0;
  while (from < stop) {
    // Linux lists at most 64 KiB of names; more than this many is no file anyone could have made.
    if (++names > MAX_XATTRS) return E_LIMIT;
    const nl = load<u32>(from);
    const size = 8 + nl + load<u32>(from, 4);
    const c = compareNames(name, nameLen, from + 8, nl);
    if (!placed && c <= 0) {
      to = putXattr(to, name, nameLen, value, len);
      placed = true;
    }
    if (c != 0) {
      memory.copy(to, from, size);
      to += size;
    }
    from += size;
  }
  if (!placed) to = putXattr(to, name, nameLen, value, len);
  store<u32>(r, at, XATTR_OFF);
  store<u32>(r, <u32>(to - (heap + at)), XATTR_LEN);
  return 0;
}

function putXattr(to: usize, name: usize, nameLen: u32, value: usize, len: u32): usize {
  store<u32>(to, nameLen);
  store<u32>(to, len, 4);
  memory.copy(to + 8, name, nameLen);
  memory.copy(to + 8 + nameLen, value, len);
  return to + 8 + nameLen + len;
}

function compareNames(a: usize, al: u32, b: usize, bl: u32): i32 {
  const c = memory.compare(a, b, min(al, bl));
  return c != 0 ? c : <i32>al - <i32>bl;
}

function sparse(x: PaxState, b: usize, key: usize, keyLen: u32, value: usize, len: u32): u32 {
  if (is(key, keyLen, S_MAJOR, 5)) x.sparseMajor = <u32>decimal(value, len);
  else if (is(key, keyLen, S_NAME, 4)) {
    if (hasNul(value, len)) return E_PAX;
    x.sparseName = value;
    x.sparseNameLen = len;
  } else if (is(key, keyLen, S_REALSIZE, 8) || is(key, keyLen, K_SIZE, 4)) x.sparseReal = decimal(value, len);
  else if (is(key, keyLen, S_OFFSET, 6)) x.pendingOffset = decimal(value, len);
  else if (is(key, keyLen, S_NUMBYTES, 8)) run(x, b, x.pendingOffset, decimal(value, len));
  else if (is(key, keyLen, S_MAP, 3)) {
    let start: u32 = 0;
    let second = false;
    for (let i: u32 = 0; i <= len; i++) {
      if (i < len && load<u8>(value + i) != 0x2c) continue;
      const v = decimal(value + start, i - start);
      if (second) run(x, b, x.pendingOffset, v);
      else x.pendingOffset = v;
      second = !second;
      start = i + 1;
    }
    if (second) return E_SPARSE;
  }
  return fieldError ? E_SPARSE : 0;
}

function run(x: PaxState, b: usize, offset: i64, length: i64): void {
  // Runs grow in place while nothing else was written behind them (an xattr in between: copy once).
  let at = x.mapOff;
  if (x.mapLen == 0 || at + x.mapLen != builderHeapLength(b)) {
    at = builderRoom(b, x.mapLen + 16);
    memory.copy(builderHeap(b) + at, builderHeap(b) + x.mapOff, x.mapLen);
    x.mapOff = at;
  } else builderRoom(b, 16);
  const to = builderHeap(b) + at + x.mapLen;
  store<i64>(to, offset);
  store<i64>(to, length, 8);
  x.mapLen += 16;
}
