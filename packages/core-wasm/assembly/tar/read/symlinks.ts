// The symlinks of a layer so far, by their paths: open addressing over the indexes of their records.

import { alloc } from '../../arena';
import { equalBytes, hashBytes } from '../../bytes';
import { Builder, builderAt } from '../../table/builder';

/** A slot holds a record's index and one, {@link FREE} or {@link GONE}. */
// @ts-ignore: decorator
@unmanaged
export class LinkSet {
  slots: usize;
  capacity: u32; // a power of two, or 0
  used: u32; // slots that are not free
  live: u32;
}
const FREE: u32 = 0;
const GONE: u32 = 0xffffffff;

export function linkSetNew(): LinkSet {
  const set = changetype<LinkSet>(alloc(offsetof<LinkSet>()));
  memory.fill(changetype<usize>(set), 0, offsetof<LinkSet>());
  return set;
}

/** The slot of the symlink at exactly this path, or 0. */
function findSlot(set: LinkSet, b: Builder, path: usize, len: u32): usize {
  if (set.live == 0) return 0;
  const mask = set.capacity - 1;
  let i = hashBytes(path, len) & mask;
  let held = load<u32>(set.slots + i * 4);
  while (held != FREE) {
    if (held != GONE) {
      const r = builderAt(b, held - 1);
      if (r.pathLen == len && equalBytes(b.heap + r.pathOff, path, len)) return set.slots + i * 4;
    }
    i = (i + 1) & mask;
    held = load<u32>(set.slots + i * 4);
  }
  return 0;
}

/** The index of the symlink at exactly this path, or -1. */
export function linkAt(set: LinkSet, b: Builder, path: usize, len: u32): i32 {
  const slot = findSlot(set, b, path, len);
  return slot == 0 ? -1 : <i32>load<u32>(slot) - 1;
}

/** The path is something else now. */
export function linkRemove(set: LinkSet, b: Builder, path: usize, len: u32): void {
  const slot = findSlot(set, b, path, len);
  if (slot == 0) return;
  store<u32>(slot, GONE);
  set.live--;
}

export function linkAdd(set: LinkSet, b: Builder, index: u32): void {
  if ((set.used + 1) * 2 > set.capacity) grow(set, b);
  put(set, b, index);
  set.live++;
}

function grow(set: LinkSet, b: Builder): void {
  const old = set.slots;
  const n = set.capacity;
  set.capacity = n == 0 ? 64 : n * 2;
  set.slots = alloc(set.capacity * 4);
  memory.fill(set.slots, 0, set.capacity * 4);
  set.used = 0;
  for (let i: u32 = 0; i < n; i++) {
    const held = load<u32>(old + i * 4);
    if (held != FREE && held != GONE) put(set, b, held - 1);
  }
}

function put(set: LinkSet, b: Builder, index: u32): void {
  const r = builderAt(b, index);
  const mask = set.capacity - 1;
  let i = hashBytes(b.heap + r.pathOff, r.pathLen) & mask;
  while (load<u32>(set.slots + i * 4) != FREE) i = (i + 1) & mask;
  store<u32>(set.slots + i * 4, index + 1);
  set.used++;
}
