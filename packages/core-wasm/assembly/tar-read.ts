// A streaming tar reader: bytes in, in any chunking; records and data ranges out. It holds no
// pointer into the caller's chunk between calls.

import { alloc } from './arena';
import {
  builderAt,
  builderBytes,
  builderDrop,
  builderNew,
  builderRecord,
  builderRoom,
  builderCount,
  B_HEAP,
} from './builder';
import { equalBytes, parentLength } from './bytes';
import { ESCAPES, linkAdd, linkRemove, linkSetNew, normalise, PATH_MAX, resolveParents } from './path';
import { paxApply, PaxState } from './pax';
import {
  BLOCK,
  CHAR,
  DATA_OFF,
  DEV_MAJOR,
  DEV_MINOR,
  DIR,
  F_HIDDEN,
  F_IMPLIED,
  F_OPAQUE,
  FIFO,
  FILE,
  FLAGS,
  GID,
  HARDLINK,
  KIND,
  LINK_LEN,
  LINK_OFF,
  MODE,
  MTIME_NSEC,
  MTIME_SEC,
  PATH_LEN,
  PATH_OFF,
  SIZE,
  SPARSE_LEN,
  SPARSE_OFF,
  STORED,
  SYMLINK,
  UID,
  WHITEOUT,
} from './record';
import { checksumHolds, clearFieldError, fieldError, isZeroBlock, number, textLength } from './tar-fields';

export const E_NONE: u32 = 0;
export const E_HEADER: u32 = 1; // not a header, or its checksum is wrong
export const E_FIELD: u32 = 2; // a number that is none
export const E_CUT: u32 = 3; // ends in the middle of an entry
export const E_NAME: u32 = 4; // '..' in a name
export const E_WHITEOUT: u32 = 5; // a whiteout of nothing, '.' or '..'
export const E_PAX: u32 = 6; // a pax record that is none
export const E_LIMIT: u32 = 7; // more than the caller allows
export const E_SPARSE: u32 = 8; // a sparse map that contradicts itself
export const E_TYPE: u32 = 9; // an entry type nobody defined
export const E_LOOP: u32 = 10; // symlinks that lead in a circle
export const E_DEVICE: u32 = 11; // a device number out of range
export const E_LONG: u32 = 12; // a path the kernel would refuse
export const E_LINK: u32 = 13; // a link without a target
export const E_ESCAPE: u32 = 14; // a symlink on the way that climbs above the root

const HEADER_STATE: u32 = 0;
const META: u32 = 1; // the body of x, g, L or K
const DATA: u32 = 2;
const PAD: u32 = 3;
const SPARSE_EXT: u32 = 4; // GNU's extension blocks of the old sparse format
const SPARSE_MAP: u32 = 5; // pax sparse 1.0: the map stands before the data
const END: u32 = 6;

export const EV_ENTRY: u32 = 1;
export const EV_DATA: u32 = 2;
export const EV_DONE: u32 = 3;
const EVENT: u32 = 32;
const EVENTS: u32 = 1024;

// @ts-ignore: decorator
@unmanaged
export class Scanner {
  builder: usize;
  links: usize;
  events: usize;
  eventCount: u32;
  state: u32;
  error: u32;
  block: usize; // 512 bytes being filled
  blockFill: u32;
  zeroBlocks: u32;
  metaType: u32;
  meta: usize;
  metaLen: u32;
  metaFill: u32;
  metaCap: u32;
  pad: u32;
  current: u32; // index of the entry whose data runs
  position: u64; // offset in the tar
  remaining: u64; // stored bytes of the entry still to come
  logical: u64; // offset in the file of the next data byte
  sparseAt: u32; // position in the sparse map, bytes
  sparseLeft: u64; // bytes left of the current run
  global: usize;
  globalLen: u32;
  globalCap: u32;
  local: usize;
  localLen: u32;
  localCap: u32;
  longName: usize;
  longNameLen: u32;
  longLink: usize;
  longLinkLen: u32;
  path: usize;
  target: usize;
  maxMeta: u32;
  maxEntries: u32;
  maxSize: u64;
  hidden: usize;
  hiddenCount: u32;
  hiddenCap: u32;
  mapLeft: u64; // pax 1.0: numbers still to be read, ~0 while the count itself is
  mapValue: u64;
  mapDigits: u32;
  header: usize; // the header that a SPARSE_EXT chain belongs to
}

export function scannerNew(maxMeta: u32, maxEntries: u32, maxSize: u64): usize {
  const p = alloc(offsetof<Scanner>());
  memory.fill(p, 0, offsetof<Scanner>());
  const s = changetype<Scanner>(p);
  s.builder = builderNew(256, 65536);
  s.links = linkSetNew();
  s.events = alloc(EVENTS * EVENT);
  s.block = alloc(512);
  s.header = alloc(512);
  s.longName = alloc(8192);
  s.longLink = alloc(8192);
  s.path = alloc(16384);
  s.target = alloc(16384);
  s.maxMeta = maxMeta;
  s.maxEntries = maxEntries;
  s.maxSize = maxSize;
  return p;
}

export function scannerBuilder(p: usize): usize {
  return changetype<Scanner>(p).builder;
}
export function scannerError(p: usize): u32 {
  return changetype<Scanner>(p).error;
}
export function scannerPosition(p: usize): u64 {
  return changetype<Scanner>(p).position;
}
export function scannerEvents(p: usize): usize {
  return changetype<Scanner>(p).events;
}
export function scannerEventCount(p: usize): u32 {
  return changetype<Scanner>(p).eventCount;
}
export function scannerEnded(p: usize): bool {
  return changetype<Scanner>(p).state == END;
}

/** Declares the end of input. Sets the error if an entry was cut off. */
export function scannerEnd(p: usize): void {
  const s = changetype<Scanner>(p);
  if (s.error != 0 || s.state == END) return;
  // An extended header without the entry that it speaks of was cut off as well.
  const pending = s.localLen != 0 || s.longNameLen != 0 || s.longLinkLen != 0;
  // The padding after the last entry's data may be missing: some old writers leave it out.
  const between = s.state == PAD || (s.state == HEADER_STATE && s.blockFill == 0);
  if (pending || !between) s.error = E_CUT;
}

function event(s: Scanner, type: u32, index: u32, at: u32, len: u32, fileOffset: u64): void {
  const e = s.events + s.eventCount++ * EVENT;
  store<u32>(e, type);
  store<u32>(e, index, 4);
  store<u32>(e, at, 8);
  store<u32>(e, len, 12);
  store<u64>(e, fileOffset, 16);
}

/** Takes bytes of `chunk`; returns how many. Fewer than `len` means: drain the events and call again. */
export function scannerPush(p: usize, chunk: usize, len: u32): u32 {
  const s = changetype<Scanner>(p);
  s.eventCount = 0;
  let at: u32 = 0;
  while (at < len && s.error == 0) {
    if (s.eventCount + 4 > EVENTS) break;
    const left = len - at;
    switch (s.state) {
      case HEADER_STATE:
      case SPARSE_EXT: {
        if (s.blockFill == 0 && left >= 512) {
          // Whole in the chunk, as nearly all are: read where it lies.
          at += 512;
          s.position += 512;
          if (s.state == HEADER_STATE) header(s, chunk + at - 512);
          else sparseExtension(s, chunk + at - 512);
          break;
        }
        const n = min(512 - s.blockFill, left);
        memory.copy(s.block + s.blockFill, chunk + at, n);
        s.blockFill += n;
        at += n;
        s.position += n;
        if (s.blockFill == 512) {
          s.blockFill = 0;
          if (s.state == HEADER_STATE) header(s, s.block);
          else sparseExtension(s, s.block);
        }
        break;
      }
      case META: {
        const n = min(s.metaLen - s.metaFill, left);
        memory.copy(s.meta + s.metaFill, chunk + at, n);
        s.metaFill += n;
        at += n;
        s.position += n;
        if (s.metaFill == s.metaLen) metaDone(s);
        break;
      }
      case SPARSE_MAP: {
        // Counted first: what follows the map, perhaps the next header, begins behind this byte.
        s.position++;
        s.remaining--;
        sparseMapByte(s, load<u8>(chunk + at++));
        break;
      }
      case DATA: {
        const n = data(s, chunk, at, left);
        at += n;
        break;
      }
      case PAD: {
        const n = min(s.pad, left);
        s.pad -= n;
        at += n;
        s.position += n;
        if (s.pad == 0) s.state = HEADER_STATE;
        break;
      }
      default: {
        s.position += left;
        at = len;
      }
    }
  }
  return at;
}

function data(s: Scanner, chunk: usize, at: u32, left: u32): u32 {
  const r = builderAt(s.builder, s.current);
  let n = <u32>min<u64>(s.remaining, left);
  const sparse = load<u32>(r, SPARSE_LEN);
  if (sparse > 0) {
    while (s.sparseLeft == 0 && s.sparseAt < sparse) {
      const map = load<u32>(s.builder, B_HEAP) + load<u32>(r, SPARSE_OFF) + s.sparseAt;
      s.logical = load<u64>(map);
      s.sparseLeft = load<u64>(map, 8);
      s.sparseAt += 16;
    }
    n = <u32>min<u64>(s.sparseLeft, n);
    s.sparseLeft -= n;
  }
  event(s, EV_DATA, s.current, at, n, s.logical);
  s.logical += n;
  s.remaining -= n;
  s.position += n;
  if (s.remaining == 0) dataDone(s);
  return n;
}

function dataDone(s: Scanner): void {
  event(s, EV_DONE, s.current, 0, 0, 0);
  s.pad = <u32>(512 - (s.position & 511)) & 511;
  s.state = s.pad == 0 ? HEADER_STATE : PAD;
}

// ---- headers -----------------------------------------------------------------------------------

function header(s: Scanner, h: usize): void {
  if (isZeroBlock(h)) {
    if (++s.zeroBlocks == 2) s.state = END;
    return;
  }
  clearFieldError();
  if (s.zeroBlocks == 1 || !checksumHolds(h)) {
    s.error = E_HEADER;
    return;
  }
  const type = load<u8>(h + 156);
  const size = number(h + 124, 12);
  if (fieldError || size < 0) {
    s.error = E_FIELD;
    return;
  }
  if (type == 0x78 || type == 0x67 || type == 0x58 || type == 0x4c || type == 0x4b) {
    // x g X: pax (X is Solaris' x); L K: GNU's long name and long link
    if (<u64>size > <u64>s.maxMeta) {
      s.error = E_LIMIT;
      return;
    }
    s.metaType = type;
    s.metaLen = <u32>size;
    s.metaFill = 0;
    if (s.metaCap < s.metaLen) {
      s.metaCap = s.metaLen + 4096;
      s.meta = alloc(s.metaCap);
    }
    if (s.metaLen == 0) metaDone(s);
    else s.state = META;
    return;
  }
  entry(s, h, type, size);
}

function metaDone(s: Scanner): void {
  const type = s.metaType;
  if (type == 0x4c || type == 0x4b) {
    const n = textLength(s.meta, s.metaLen);
    if (n > 8191) {
      s.error = E_LONG;
      return;
    }
    if (type == 0x4c) {
      memory.copy(s.longName, s.meta, n);
      s.longNameLen = n;
    } else {
      memory.copy(s.longLink, s.meta, n);
      s.longLinkLen = n;
    }
  } else if (type == 0x67) {
    if (<u64>s.globalLen + s.metaLen > <u64>s.maxMeta) {
      s.error = E_LIMIT;
      return;
    }
    if (s.globalLen + s.metaLen > s.globalCap) {
      const bigger = alloc((s.globalLen + s.metaLen) * 2);
      memory.copy(bigger, s.global, s.globalLen);
      s.global = bigger;
      s.globalCap = (s.globalLen + s.metaLen) * 2;
    }
    memory.copy(s.global + s.globalLen, s.meta, s.metaLen);
    s.globalLen += s.metaLen;
  } else {
    if (s.metaLen > s.localCap) {
      s.localCap = s.metaLen + 4096;
      s.local = alloc(s.localCap);
    }
    memory.copy(s.local, s.meta, s.metaLen);
    s.localLen = s.metaLen;
  }
  s.pad = <u32>(512 - (s.position & 511)) & 511;
  s.state = s.pad == 0 ? HEADER_STATE : PAD;
}

/** Where the header's own name goes when nothing longer was said; its length, raw. */
function headerName(h: usize, to: usize): u32 {
  const nameLen = textLength(h, 100);
  let prefixLen: u32 = 0;
  const ustar = load<u32>(h + 257) == 0x61747375 && load<u8>(h + 261) == 0x72;
  if (ustar && load<u8>(h + 262) == 0) {
    // star writes "tar\0" at 508 and keeps times after a prefix of 131 bytes
    prefixLen = textLength(h + 345, load<u32>(h + 508) == 0x00726174 ? 131 : 155);
  } else if (ustar) {
    // GNU keeps times here; writers before Go 1.7 put a prefix under GNU's magic all the same
    const c = load<u8>(h + 345);
    if (c != 0 && c != 0x20 && (c & 0x80) == 0 && (c < 0x30 || c > 0x37)) prefixLen = textLength(h + 345, 155);
  }
  let n: u32 = 0;
  if (prefixLen > 0) {
    memory.copy(to, h + 345, prefixLen);
    store<u8>(to + prefixLen, 0x2f);
    n = prefixLen + 1;
  }
  memory.copy(to + n, h, nameLen);
  return n + nameLen;
}

function kindOf(type: u8): i32 {
  switch (type) {
    case 0:
    case 0x30:
    case 0x37:
    case 0x53:
      return FILE; // NUL 0 7 S
    case 0x31:
      return HARDLINK;
    case 0x32:
      return SYMLINK;
    case 0x33:
      return CHAR;
    case 0x34:
      return BLOCK;
    case 0x35:
    case 0x44:
      return DIR; // 5, and GNU's dumpdir D
    case 0x36:
      return FIFO;
    default:
      return -1;
  }
}

const pax = memory.data(256, 16);

function entry(s: Scanner, h: usize, type: u8, headerSize: i64): void {
  if (builderCount(s.builder) >= s.maxEntries) {
    s.error = E_LIMIT;
    return;
  }
  let kind = kindOf(type);
  if (type == 0x56) kind = FILE; // V: a volume's label, dropped below
  if (kind < 0) {
    s.error = E_TYPE;
    return;
  }
  const r = builderRecord(s.builder);
  const index = builderCount(s.builder) - 1;
  const mode = number(h + 100, 8);
  const uid = number(h + 108, 8);
  const gid = number(h + 116, 8);
  store<u16>(r, <u16>(mode & 0o7777), MODE);
  store<i64>(r, number(h + 136, 12), MTIME_SEC);
  if (kind == CHAR || kind == BLOCK) {
    const major = number(h + 329, 8);
    const minor = number(h + 337, 8);
    if (major < 0 || minor < 0 || major > 0xffffffff || minor > 0xffffffff) s.error = E_DEVICE;
    store<u32>(r, <u32>major, DEV_MAJOR);
    store<u32>(r, <u32>minor, DEV_MINOR);
  }
  const x = changetype<PaxState>(pax);
  memory.fill(pax, 0, offsetof<PaxState>());
  x.size = headerSize;
  x.uid = uid;
  x.gid = gid;
  x.sparseReal = -1;
  if (fieldError && s.error == 0) s.error = E_FIELD;
  if (s.error == 0 && s.globalLen > 0) s.error = paxApply(x, s.builder, index, s.global, s.globalLen);
  if (s.error == 0 && s.localLen > 0) s.error = paxApply(x, s.builder, index, s.local, s.localLen);
  s.localLen = 0;
  if (s.error == 0 && (x.size < 0 || x.uid < 0 || x.gid < 0 || x.uid > 0xffffffff || x.gid > 0xffffffff))
    s.error = E_FIELD;
  if (s.error != 0) return;
  const rec = builderAt(s.builder, index);
  store<u32>(rec, <u32>x.uid, UID);
  store<u32>(rec, <u32>x.gid, GID);

  // The name: pax, else GNU's L, else the header's.
  let raw = s.target;
  let rawLen: u32 = 0;
  if (x.sparseName != 0) {
    raw = x.sparseName;
    rawLen = x.sparseNameLen;
  } else if (x.path != 0) {
    raw = x.path;
    rawLen = x.pathLen;
  } else if (s.longNameLen > 0) {
    raw = s.longName;
    rawLen = s.longNameLen;
  } else {
    rawLen = headerName(h, raw);
  }
  s.longNameLen = 0;
  if (rawLen > 8191) {
    s.error = E_LONG;
    return;
  }
  // Before directories had a type, a trailing slash was the sign.
  if (kind == FILE && rawLen > 0 && load<u8>(raw + rawLen - 1) == 0x2f && type != 0x53) kind = DIR;
  const len = normalise(raw, rawLen, s.path);
  if (len < 0) {
    s.error = E_NAME;
    return;
  }
  if (len == 0 && kind != DIR) {
    s.error = E_NAME;
    return;
  }

  let linkRaw = h + 157;
  let linkLen = textLength(linkRaw, 100);
  if (x.link != 0) {
    linkRaw = x.link;
    linkLen = x.linkLen;
  } else if (s.longLinkLen > 0) {
    linkRaw = s.longLink;
    linkLen = s.longLinkLen;
  }
  s.longLinkLen = 0;
  place(s, index, kind, len, linkRaw, linkLen);
  if (s.error != 0) return;

  const placed = builderAt(s.builder, index);
  const hasData = kind == FILE || type == 0x44;
  const stored: u64 = hasData ? <u64>x.size : 0;
  store<u64>(placed, s.position, DATA_OFF);
  store<u64>(placed, stored, STORED);
  store<u64>(placed, kind == FILE ? stored : 0, SIZE);
  if (stored > s.maxSize) {
    s.error = E_LIMIT;
    return;
  }
  s.current = index;
  s.remaining = stored;
  s.logical = 0;
  s.sparseAt = 0;
  s.sparseLeft = 0;
  if (type == 0x56) {
    builderDrop(s.builder);
    s.state = HEADER_STATE;
    return;
  }
  if (type == 0x53) {
    oldSparse(s, h);
    return;
  }
  if (kind == FILE && x.sparseMajor == 1) {
    store<u64>(placed, x.sparseReal < 0 ? 0 : <u64>x.sparseReal, SIZE);
    store<u32>(placed, builderRoom(s.builder, 0), SPARSE_OFF);
    s.mapLeft = ~(<u64>0);
    s.mapValue = 0;
    s.mapDigits = 0;
    s.state = SPARSE_MAP;
    if (stored == 0) s.error = E_SPARSE;
    return;
  }
  if (kind == FILE && x.sparseReal >= 0) {
    store<u64>(placed, <u64>x.sparseReal, SIZE);
    store<u32>(placed, x.mapOff, SPARSE_OFF);
    store<u32>(placed, x.mapLen, SPARSE_LEN);
    sparseReady(s);
    return;
  }
  begin(s);
}

function begin(s: Scanner): void {
  event(s, EV_ENTRY, s.current, 0, 0, 0);
  if (s.remaining == 0) {
    event(s, EV_DONE, s.current, 0, 0, 0);
    s.pad = <u32>(512 - (s.position & 511)) & 511;
    s.state = s.pad == 0 ? HEADER_STATE : PAD;
  } else s.state = DATA;
}

/** Gives the record its path, kind and link: whiteout names, hidden names, symlinked parents. */
function place(s: Scanner, index: u32, kind: i32, len: u32, linkRaw: usize, linkLen: u32): void {
  const b = s.builder;
  const resolved = resolveParents(s.links, b, s.path, len);
  if (resolved < 0) {
    s.error = resolved == ESCAPES ? E_ESCAPE : E_LOOP;
    return;
  }
  let n: u32 = resolved;
  if (n > PATH_MAX) {
    s.error = E_LONG;
    return;
  }
  let flags: u8 = 0;
  const parent = parentLength(s.path, n);
  const base = parent == 0 ? 0 : parent + 1;
  const baseLen = n - base;
  const at = s.path + base;
  if (hiddenPart(s.path, n)) {
    if (baseLen == 12 && kind != DIR && isOpaqueName(at)) {
      kind = DIR;
      flags = F_IMPLIED | F_OPAQUE;
      n = parent;
      store<u16>(builderAt(b, index), 0o755, MODE);
    } else flags = F_HIDDEN;
  } else if (baseLen >= 4 && load<u32>(at) == 0x2e68772e && kind != DIR) {
    // ".wh."; a directory of that name is an ordinary directory
    const rest = baseLen - 4;
    const dots = rest == 0 || (rest == 1 && load<u8>(at + 4) == 0x2e) || (rest == 2 && load<u16>(at + 4) == 0x2e2e);
    if (dots) {
      s.error = E_WHITEOUT;
      return;
    }
    kind = WHITEOUT;
    memory.copy(at, at + 4, rest);
    n = base + rest;
  }
  const off = builderBytes(b, s.path, n);
  let r = builderAt(b, index);
  store<u32>(r, off, PATH_OFF);
  store<u32>(r, n, PATH_LEN);
  store<u8>(r, flags, FLAGS);
  if (kind == SYMLINK || kind == HARDLINK) {
    if (linkLen == 0) {
      s.error = E_LINK;
      return;
    }
    if (linkLen > 8191) {
      s.error = E_LONG;
      return;
    }
    if (kind == SYMLINK) {
      const linkOff = builderBytes(b, linkRaw, linkLen);
      r = builderAt(b, index);
      store<u32>(r, linkOff, LINK_OFF);
      store<u32>(r, linkLen, LINK_LEN);
      store<u16>(r, 0o777, MODE);
    } else {
      // A hard link's target is a name in the archive: the same rules as for any other name.
      let t = normalise(linkRaw, linkLen, s.path);
      if (t >= 0) t = resolveParents(s.links, b, s.path, t);
      if (t <= 0) {
        s.error = t == 0 ? E_LINK : t == ESCAPES ? E_ESCAPE : E_NAME;
        return;
      }
      const linkOff = builderBytes(b, s.path, t);
      r = builderAt(b, index);
      store<u32>(r, linkOff, LINK_OFF);
      store<u32>(r, t, LINK_LEN);
    }
  }
  store<u8>(r, <u8>kind, KIND);
  if (kind == WHITEOUT || flags & F_HIDDEN) return;
  const path = load<u32>(b, B_HEAP) + load<u32>(r, PATH_OFF);
  if (!(kind == DIR && flags & F_IMPLIED)) linkRemove(s.links, b, path, n);
  if (kind == SYMLINK) linkAdd(s.links, b, index);
}

/** Does a component start with ".wh..wh."? */
function hiddenPart(path: usize, len: u32): bool {
  for (let from: u32 = 0; from + 8 <= len; from += 16) {
    // Most stretches hold no dot followed by a 'w'. The buffer goes on far beyond a path's end.
    let dots = i8x16.bitmask(
      v128.and(
        i8x16.eq(v128.load(path + from), i8x16.splat(0x2e)),
        i8x16.eq(v128.load(path + from, 1), i8x16.splat(0x77)),
      ),
    );
    while (dots != 0) {
      const i = from + <u32>ctz(dots);
      dots &= dots - 1;
      if (i + 8 > len) return false;
      if ((i == 0 || load<u8>(path + i - 1) == 0x2f) && load<u64>(path + i) == 0x2e68772e2e68772e) return true;
    }
  }
  return false;
}

/** ".wh..wh..opq", twelve bytes. */
function isOpaqueName(at: usize): bool {
  return load<u64>(at) == 0x2e68772e2e68772e && load<u32>(at + 8) == 0x71706f2e;
}

// ---- sparse files --------------------------------------------------------------------------------

function addRun(s: Scanner, offset: i64, length: i64): void {
  if (fieldError || offset < 0 || length < 0) {
    s.error = E_SPARSE;
    return;
  }
  const r = builderAt(s.builder, s.current);
  const runs = load<u32>(r, SPARSE_LEN);
  if (runs >= s.maxMeta * 4) {
    s.error = E_LIMIT;
    return;
  }
  const at = builderRoom(s.builder, 16);
  if (runs == 0) store<u32>(r, at, SPARSE_OFF);
  store<i64>(load<u32>(s.builder, B_HEAP) + at, offset);
  store<i64>(load<u32>(s.builder, B_HEAP) + at, length, 8);
  store<u32>(r, runs + 16, SPARSE_LEN);
}

/** The old GNU format: four runs in the header, 21 in each extension block. */
function oldSparse(s: Scanner, h: usize): void {
  const r = builderAt(s.builder, s.current);
  const real = number(h + 483, 12);
  if (fieldError || real < 0) {
    s.error = E_SPARSE;
    return;
  }
  store<i64>(r, real, SIZE);
  const more = load<u8>(h + 482) != 0;
  runsOf(s, h + 386, 4);
  if (s.error != 0) return;
  if (more) s.state = SPARSE_EXT;
  else sparseReady(s);
}

function runsOf(s: Scanner, at: usize, n: u32): void {
  for (let i: u32 = 0; i < n && s.error == 0; i++) {
    const run = at + i * 24;
    if (load<u8>(run) == 0 || load<u8>(run + 12) == 0) return;
    addRun(s, number(run, 12), number(run + 12, 12));
  }
}

function sparseExtension(s: Scanner, block: usize): void {
  clearFieldError();
  const more = load<u8>(block + 504) != 0;
  runsOf(s, block, 21);
  if (s.error != 0 || more) return;
  store<u64>(builderAt(s.builder, s.current), s.position, DATA_OFF);
  sparseReady(s);
}

/** pax sparse 1.0: decimal numbers, one a line: how many runs, then offset and length of each; padded to a block. */
function sparseMapByte(s: Scanner, c: u8): void {
  if (s.mapLeft == 0) {
    // padding of the map's last block
  } else if (c == 0x0a) {
    if (s.mapDigits == 0) {
      s.error = E_SPARSE;
      return;
    }
    if (s.mapLeft == ~(<u64>0)) s.mapLeft = s.mapValue * 2;
    else {
      const r = builderAt(s.builder, s.current);
      const len = load<u32>(r, SPARSE_LEN);
      if (len >= s.maxMeta * 4) {
        s.error = E_LIMIT;
        return;
      }
      const at = builderRoom(s.builder, 8);
      if (len == 0) store<u32>(builderAt(s.builder, s.current), at, SPARSE_OFF);
      store<u64>(load<u32>(s.builder, B_HEAP) + at, s.mapValue);
      store<u32>(builderAt(s.builder, s.current), len + 8, SPARSE_LEN);
      s.mapLeft--;
    }
    s.mapValue = 0;
    s.mapDigits = 0;
  } else if (c >= 0x30 && c <= 0x39 && ++s.mapDigits <= 18) s.mapValue = s.mapValue * 10 + (c - 0x30);
  else {
    s.error = E_SPARSE;
    return;
  }
  const boundary = (s.position & 511) == 0;
  if (s.remaining == 0 && !(s.mapLeft == 0 && boundary)) {
    s.error = E_SPARSE;
    return;
  }
  if (s.mapLeft == 0 && boundary) {
    const r = builderAt(s.builder, s.current);
    store<u64>(r, load<u64>(r, STORED) - (s.position - load<u64>(r, DATA_OFF)), STORED);
    store<u64>(r, s.position, DATA_OFF);
    sparseReady(s);
  }
}

/** Checks the map against the sizes: ascending, disjoint, as many bytes as are stored, all within the file. */
function sparseReady(s: Scanner): void {
  const r = builderAt(s.builder, s.current);
  const len = load<u32>(r, SPARSE_LEN);
  const map = load<u32>(s.builder, B_HEAP) + load<u32>(r, SPARSE_OFF);
  const size = load<u64>(r, SIZE);
  if (size > s.maxSize) {
    s.error = E_LIMIT;
    return;
  }
  let end: u64 = 0;
  let total: u64 = 0;
  for (let i: u32 = 0; i < len; i += 16) {
    const offset = load<u64>(map + i);
    const length = load<u64>(map + i, 8);
    if (offset < end || offset > size || length > size - offset) {
      s.error = E_SPARSE;
      return;
    }
    end = offset + length;
    total += length;
  }
  if ((len & 15) != 0 || total != load<u64>(r, STORED)) {
    s.error = E_SPARSE;
    return;
  }
  begin(s);
}
