// Feeds a scanner: cuts a chunk of any size into what its state waits for.

import { BLOCK_SIZE } from '../format';
import { data } from './data';
import { extendedDone } from './extended';
import { header } from './header';
import {
  IN_DATA, IN_EXTENDED, IN_HEADER, IN_PADDING, IN_SPARSE_HEADER, IN_SPARSE_MAP, roomForEvents, Scanner,
} from './scanner';
import { sparseHeader } from './sparse';
import { sparseMapByte } from './sparse-map';
import { textAppend } from './text';

/** Takes bytes of `chunk`; returns how many. Fewer than `len` means: drain the events and call again. */
export function scannerPush(s: Scanner, chunk: usize, len: u32): u32 {
  s.eventCount = 0;
  let at: u32 = 0;
  while (at < len && s.error == 0 && roomForEvents(s)) {
    const from = chunk + at;
    const left = len - at;
    switch (s.state) {
      case IN_HEADER:
      case IN_SPARSE_HEADER:
        at += takeBlock(s, from, left);
        break;
      case IN_EXTENDED:
        at += takeExtended(s, from, left);
        break;
      case IN_DATA:
        at += data(s, at, left);
        break;
      case IN_PADDING:
        at += takePadding(s, left);
        break;
      case IN_SPARSE_MAP:
        // Counted first: what follows the map, perhaps the next header, begins behind this byte.
        s.position++;
        s.remaining--;
        sparseMapByte(s, load<u8>(from));
        at++;
        break;
      default:
        s.position += left;
        at = len;
    }
  }
  return at;
}

// @ts-ignore: decorator
@inline
function takeBlock(s: Scanner, from: usize, left: u32): u32 {
  // Whole in the chunk, as nearly all are: read where it lies.
  if (s.blockFill == 0 && left >= BLOCK_SIZE) {
    s.position += BLOCK_SIZE;
    blockDone(s, from);
    return BLOCK_SIZE;
  }
  const n = min(BLOCK_SIZE - s.blockFill, left);
  memory.copy(s.block + s.blockFill, from, n);
  s.blockFill += n;
  s.position += n;
  if (s.blockFill == BLOCK_SIZE) {
    s.blockFill = 0;
    blockDone(s, s.block);
  }
  return n;
}

// @ts-ignore: decorator
@inline
function blockDone(s: Scanner, block: usize): void {
  if (s.state == IN_HEADER) header(s, block);
  else sparseHeader(s, block);
}

function takeExtended(s: Scanner, from: usize, left: u32): u32 {
  const n = min(s.bodyLength - s.body.length, left);
  textAppend(s.body, from, n);
  s.position += n;
  if (s.body.length == s.bodyLength) extendedDone(s);
  return n;
}

function takePadding(s: Scanner, left: u32): u32 {
  const n = min(s.padding, left);
  s.padding -= n;
  s.position += n;
  if (s.padding == 0) s.state = IN_HEADER;
  return n;
}
