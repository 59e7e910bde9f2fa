// Path rules for names that come from outside: stripped, '.' dropped, '..' refused, and parents
// that are symlinks resolved inside the root, as an extraction by name would have done.

import { alloc } from './arena';
import { B_HEAP, B_RECORDS } from './builder';
import { copyLoose, equalBytes, hashBytes } from './bytes';
import { KIND, LINK_LEN, LINK_OFF, PATH_LEN, PATH_OFF, RECORD, SYMLINK } from './record';

export const PATH_MAX: u32 = 4095; // Linux PATH_MAX less its NUL
const BUFFER: u32 = 3 * 4096;

/**
 * Writes the normal form to `to` (room for `len` and 16 more); its length, or -1 if a component is '..'.
 * Up to 16 bytes after the name are read as well.
 */
export function normalise(from: usize, len: u32, to: usize): i32 {
  // GNU tar's way of naming a tree: './' before each name, '/' after a directory's.
  if (len >= 2 && load<u16>(from) == 0x2f2e) {
    from += 2;
    len -= 2;
  }
  if (len > 0 && load<u8>(from + len - 1) == 0x2f) len--;
  if (isNormal(from, len)) {
    copyLoose(to, from, len);
    return len;
  }
  return rewrite(from, len, to);
}

/** No '/' or '.' at its beginning, nor after a '/', nor a '/' at its end: nothing to rewrite. */
function isNormal(from: usize, len: u32): bool {
  if (len == 0) return true;
  const head = load<u8>(from);
  if (head == 0x2f || head == 0x2e || load<u8>(from + len - 1) == 0x2f) return false;
  for (let i: u32 = 0; i + 1 < len; i += 16) {
    const slash = i8x16.eq(v128.load(from + i), i8x16.splat(0x2f));
    const next = v128.load(from + i, 1);
    const odd = v128.or(i8x16.eq(next, i8x16.splat(0x2f)), i8x16.eq(next, i8x16.splat(0x2e)));
    const hits = i8x16.bitmask(v128.and(slash, odd));
    if (hits != 0 && i + 1 + <u32>ctz(hits) < len) return false;
  }
  return true;
}

function rewrite(from: usize, len: u32, to: usize): i32 {
  let n: u32 = 0;
  let i: u32 = 0;
  while (i < len) {
    while (i < len && load<u8>(from + i) == 0x2f) i++;
    const start = i;
    while (i < len && load<u8>(from + i) != 0x2f) i++;
    const part = i - start;
    if (part == 0 || (part == 1 && load<u8>(from + start) == 0x2e)) continue;
    if (part == 2 && load<u16>(from + start) == 0x2e2e) return -1;
    if (n > 0) store<u8>(to + n++, 0x2f);
    memory.copy(to + n, from + start, part);
    n += part;
  }
  return n;
}

// ---- the symlinks of a layer so far: open addressing over record indexes ----------------------

// @ts-ignore: decorator
@unmanaged
export class LinkSet {
  slots: usize;
  capacity: u32;
  used: u32;
  live: u32;
}
const GONE: u32 = 0xffffffff;

export function linkSetNew(): usize {
  const s = alloc(offsetof<LinkSet>());
  memory.fill(s, 0, offsetof<LinkSet>());
  return s;
}

function findSlot(set: LinkSet, b: usize, path: usize, len: u32): usize {
  const mask = set.capacity - 1;
  let i = hashBytes(path, len) & mask;
  let slot = set.slots + i * 4;
  let v = load<u32>(slot);
  while (v != 0) {
    if (v != GONE) {
      const r = load<u32>(b, B_RECORDS) + (v - 1) * RECORD;
      if (load<u32>(r, PATH_LEN) == len && equalBytes(load<u32>(b, B_HEAP) + load<u32>(r, PATH_OFF), path, len))
        return slot;
    }
    i = (i + 1) & mask;
    slot = set.slots + i * 4;
    v = load<u32>(slot);
  }
  return 0;
}

/** The record of the symlink at exactly this path, or 0. */
export function linkAt(s: usize, b: usize, path: usize, len: u32): usize {
  const set = changetype<LinkSet>(s);
  if (set.live == 0) return 0;
  const slot = findSlot(set, b, path, len);
  return slot == 0 ? 0 : load<u32>(b, B_RECORDS) + (load<u32>(slot) - 1) * RECORD;
}

export function linkRemove(s: usize, b: usize, path: usize, len: u32): void {
  const set = changetype<LinkSet>(s);
  if (set.live == 0) return;
  const slot = findSlot(set, b, path, len);
  if (slot != 0) {
    store<u32>(slot, GONE);
    set.live--;
  }
}

export function linkAdd(s: usize, b: usize, index: u32): void {
  const set = changetype<LinkSet>(s);
  if ((set.used + 1) * 2 > set.capacity) {
    const old = set.slots;
    const n = set.capacity;
    set.capacity = n == 0 ? 64 : n * 2;
    set.slots = alloc(set.capacity * 4);
    memory.fill(set.slots, 0, set.capacity * 4);
    set.used = 0;
    for (let i: u32 = 0; i < n; i++) {
      const v = load<u32>(old + i * 4);
      if (v != 0 && v != GONE) put(set, b, v - 1);
    }
  }
  put(set, b, index);
  set.live++;
}

function put(set: LinkSet, b: usize, index: u32): void {
  const r = load<u32>(b, B_RECORDS) + index * RECORD;
  const mask = set.capacity - 1;
  let i = hashBytes(load<u32>(b, B_HEAP) + load<u32>(r, PATH_OFF), load<u32>(r, PATH_LEN)) & mask;
  while (load<u32>(set.slots + i * 4) != 0) i = (i + 1) & mask;
  store<u32>(set.slots + i * 4, index + 1);
  set.used++;
}

const scratch = memory.data(12288, 16);

/** A loop of symlinks, or a result too long. */
export const LOOPS: i32 = -1;
/** A symlink on the way climbs above the root: the kernel would stop there, a layer has no business to try. */
export const ESCAPES: i32 = -2;

/**
 * Resolves symlinks among the ancestors of `path` (room for 3 × 4096 bytes), in place, an absolute one
 * from the root on. Its new length, or LOOPS or ESCAPES.
 */
export function resolveParents(s: usize, b: usize, path: usize, len: u32): i32 {
  if (changetype<LinkSet>(s).live == 0) return len;
  let hops = 0;
  for (let i: u32 = 0; i < len; i++) {
    if (load<u8>(path + i) != 0x2f) continue;
    const r = linkAt(s, b, path, i);
    if (r == 0) continue;
    if (load<u8>(r, KIND) != SYMLINK) continue;
    if (++hops > 40) return LOOPS; // MAXSYMLINKS, as the kernel's own walk
    const target = load<u32>(b, B_HEAP) + load<u32>(r, LINK_OFF);
    const targetLen = load<u32>(r, LINK_LEN);
    let n: u32 = 0;
    if (targetLen == 0 || load<u8>(target) != 0x2f) {
      n = i;
      while (n > 0 && load<u8>(path + n - 1) != 0x2f) n--;
      if (n > 0) n--;
      memory.copy(scratch, path, n);
    }
    const a = append(n, target, targetLen);
    if (a < 0) return a;
    const z = append(a, path + i, len - i);
    if (z < 0) return z;
    memory.copy(path, scratch, z);
    len = z;
    i = <u32>-1;
  }
  return len;
}

function append(n: u32, from: usize, len: u32): i32 {
  let i: u32 = 0;
  while (i < len) {
    while (i < len && load<u8>(from + i) == 0x2f) i++;
    const start = i;
    while (i < len && load<u8>(from + i) != 0x2f) i++;
    const part = i - start;
    if (part == 0 || (part == 1 && load<u8>(from + start) == 0x2e)) continue;
    if (part == 2 && load<u16>(from + start) == 0x2e2e) {
      if (n == 0) return ESCAPES;
      while (n > 0 && load<u8>(scratch + n - 1) != 0x2f) n--;
      if (n > 0) n--;
      continue;
    }
    if (n + part + 1 > BUFFER - 4096) return LOOPS;
    if (n > 0) store<u8>(scratch + n++, 0x2f);
    memory.copy(scratch + n, from + start, part);
    n += part;
  }
  return n;
}
