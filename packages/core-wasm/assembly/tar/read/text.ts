// Bytes that are kept while others come: what extended headers and GNU's long names said.

import { alloc } from '../../arena';

// @ts-ignore: decorator
@unmanaged
export class Text {
  at: usize;
  length: u32;
  capacity: u32;
}

export function textNew(): Text {
  const t = changetype<Text>(alloc(offsetof<Text>()));
  t.at = 0;
  t.length = 0;
  t.capacity = 0;
  return t;
}

/** Who reads a text in vectors looks at up to so many bytes behind it. */
const SLACK: u32 = 16;

/** Room for `length` bytes in all; those that are there stay. It at least doubles, for the arena takes nothing back. */
export function textReserve(t: Text, length: u32): void {
  if (length + SLACK <= t.capacity) return;
  const capacity = max(length, t.capacity * 2) + 4096;
  const grown = alloc(capacity);
  memory.copy(grown, t.at, t.length);
  t.at = grown;
  t.capacity = capacity;
}

export function textAppend(t: Text, from: usize, length: u32): void {
  textReserve(t, t.length + length);
  memory.copy(t.at + t.length, from, length);
  t.length += length;
}

export function textSet(t: Text, from: usize, length: u32): void {
  t.length = 0;
  textAppend(t, from, length);
}
