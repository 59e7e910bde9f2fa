// The state of a streaming tar reader: bytes in, in any chunking; records and data ranges out. It
// holds no pointer into the caller's chunk between calls.

import { alloc } from '../../arena';
import { Builder, builderNew } from '../../table/builder';
import { BLOCK_SIZE } from '../format';
import { E_CUT } from './error';
import { PATH_ROOM } from './path';
import { LinkSet, linkSetNew } from './symlinks';
import { Text, textNew } from './text';

/** Bytes of a name or target as an archive says it: before './', '//' and the like are taken out of it. */
export const RAW_MAX: u32 = 8191;

// What the next byte belongs to.
export const IN_HEADER: u32 = 0;
export const IN_EXTENDED: u32 = 1; // the body of x, g, L or K
export const IN_DATA: u32 = 2;
export const IN_PADDING: u32 = 3;
export const IN_SPARSE_HEADER: u32 = 4; // GNU's extension blocks of the old sparse format
export const IN_SPARSE_MAP: u32 = 5; // pax sparse 1.0: the map stands before the data
export const ENDED: u32 = 6;

// What comes out: 32 bytes each, of type, index of the entry, offset in the chunk, length, offset in the file.
const EVENT: u32 = 32;
const EVENTS: u32 = 1024;
export const EV_ENTRY: u32 = 1;
export const EV_DATA: u32 = 2;
export const EV_DONE: u32 = 3;
/** One header or one stretch of data makes at most so many. */
const EVENTS_A_STEP: u32 = 4;

// @ts-ignore: decorator
@unmanaged
export class Scanner {
  maxMeta: u32; // bytes of one extended header, and of all global ones together
  maxEntries: u32;
  maxSize: u64; // bytes of one file
  builder: Builder;
  links: LinkSet;
  events: usize;
  eventCount: u32;
  error: u32;
  state: u32;
  position: u64; // offset in the tar
  block: usize; // 512 bytes being filled
  blockFill: u32;
  zeroBlocks: u32;
  padding: u32; // bytes still to skip
  // Extended headers: the one that comes in, then what they said
  bodyType: u8;
  bodyLength: u32;
  body: Text;
  global: Text;
  local: Text;
  longName: Text;
  longLink: Text;
  // The entry that was read last
  path: usize; // its path, and room to put one in order
  headerName: usize; // prefix and name of its header, joined
  current: u32; // its index
  remaining: u64; // stored bytes of it still to come
  logical: u64; // offset in the file of the next data byte
  sparseAt: u32; // position in the sparse map, bytes
  sparseLeft: u64; // bytes left of the current run
  mapLeft: u64; // pax 1.0: numbers still to be read, or that their count itself is
  mapValue: u64;
  mapDigits: u32;
}

export function scannerNew(maxMeta: u32, maxEntries: u32, maxSize: u64): Scanner {
  const p = alloc(offsetof<Scanner>());
  memory.fill(p, 0, offsetof<Scanner>());
  const s = changetype<Scanner>(p);
  s.maxMeta = maxMeta;
  s.maxEntries = maxEntries;
  s.maxSize = maxSize;
  s.builder = builderNew(256, 65536);
  s.links = linkSetNew();
  s.events = alloc(EVENTS * EVENT);
  s.block = alloc(BLOCK_SIZE);
  s.body = textNew();
  s.global = textNew();
  s.local = textNew();
  s.longName = textNew();
  s.longLink = textNew();
  s.path = alloc(PATH_ROOM);
  s.headerName = alloc(BLOCK_SIZE);
  return s;
}

export function scannerBuilder(s: Scanner): Builder {
  return s.builder;
}
export function scannerError(s: Scanner): u32 {
  return s.error;
}
export function scannerPosition(s: Scanner): u64 {
  return s.position;
}
export function scannerEvents(s: Scanner): usize {
  return s.events;
}
export function scannerEventCount(s: Scanner): u32 {
  return s.eventCount;
}
export function scannerEnded(s: Scanner): bool {
  return s.state == ENDED;
}

/** Declares the end of input. Sets the error if an entry was cut off. */
export function scannerEnd(s: Scanner): void {
  if (s.error != 0 || s.state == ENDED) return;
  // An extended header without the entry that it speaks of was cut off as well.
  const pending = s.local.length != 0 || s.longName.length != 0 || s.longLink.length != 0;
  // The padding after the last entry's data may be missing: some old writers leave it out.
  const between = s.state == IN_PADDING || (s.state == IN_HEADER && s.blockFill == 0);
  if (pending || !between) s.error = E_CUT;
}

/** Refuses the tar: nothing more of it is read. */
export function fail(s: Scanner, error: u32): void {
  s.error = error;
}

// @ts-ignore: decorator
@inline
export function roomForEvents(s: Scanner): bool {
  return s.eventCount + EVENTS_A_STEP <= EVENTS;
}

export function event(s: Scanner, type: u32, index: u32, at: u32, length: u32, fileOffset: u64): void {
  const e = s.events + s.eventCount++ * EVENT;
  store<u32>(e, type);
  store<u32>(e, index, 4);
  store<u32>(e, at, 8);
  store<u32>(e, length, 12);
  store<u64>(e, fileOffset, 16);
}

/** To the next header, which begins with a block. */
export function skipPadding(s: Scanner): void {
  s.padding = <u32>(0 - s.position) & (BLOCK_SIZE - 1);
  s.state = s.padding == 0 ? IN_HEADER : IN_PADDING;
}
