// SHA-256 of one stream (FIPS 180-4, 6.2), in pieces of any length.

import { alloc } from '../arena';
import { sha256Blocks } from './blocks';
import { INITIAL } from './constants';

// A hash in progress: 8 u32 of state, u64 of bytes so far, the partial block of 64 bytes. Those 104
// bytes are the mid-state: copied out, stored, copied back in, it goes on elsewhere.
const S_COUNT: usize = 32;
const S_BLOCK: usize = 40;
export const S_SIZE: usize = 104;

export function sha256New(): usize {
  const s = alloc(S_SIZE);
  sha256Reset(s);
  return s;
}

export function sha256Reset(s: usize): void {
  memory.copy(s, INITIAL, 32);
  memory.fill(s + S_COUNT, 0, S_SIZE - 32);
}

export function sha256Update(s: usize, at: usize, len: u32): void {
  const count = load<u64>(s, S_COUNT);
  store<u64>(s, count + len, S_COUNT);
  let held = <u32>(count & 63);
  if (held > 0) {
    const n = min(64 - held, len);
    memory.copy(s + S_BLOCK + held, at, n);
    at += n;
    len -= n;
    held += n;
    if (held < 64) return;
    sha256Blocks(s, s + S_BLOCK, 1);
  }
  const blocks = len >> 6;
  if (blocks > 0) sha256Blocks(s, at, blocks);
  memory.copy(s + S_BLOCK, at + (blocks << 6), len & 63);
}

/** Writes the 32 bytes of the digest at `out`; the state is spent (FIPS 180-4, 5.1.1). */
export function sha256Final(s: usize, out: usize): void {
  const count = load<u64>(s, S_COUNT);
  let held = <u32>(count & 63);
  store<u8>(s + S_BLOCK + held++, 0x80);
  if (held > 56) {
    memory.fill(s + S_BLOCK + held, 0, 64 - held);
    sha256Blocks(s, s + S_BLOCK, 1);
    held = 0;
  }
  memory.fill(s + S_BLOCK + held, 0, 56 - held);
  store<u64>(s + S_BLOCK, bswap<u64>(count << 3), 56);
  sha256Blocks(s, s + S_BLOCK, 1);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(s + i)));
}
