// Comparing and hashing runs of bytes.

import { SLASH } from './ascii';

/** Tree order: byte by byte, with '/' below every other byte, so a directory's subtree is contiguous. */
export function comparePaths(a: usize, aLen: u32, b: usize, bLen: u32): i32 {
  const n = aLen < bLen ? aLen : bLen;
  const i = commonPrefix(a, b, 0, n);
  if (i < n) return order(load<u8>(a + i)) - order(load<u8>(b + i));
  return <i32>(aLen > bLen) - <i32>(aLen < bLen);
}

// @ts-ignore: decorator
@inline
export function order(byte: u8): i32 {
  return byte == SLASH ? 0 : <i32>byte + 1;
}

/**
 * How many bytes two runs of `n` have in common, given that the first `from` are. Sixteen at a step;
 * the last step looks back over bytes that are known to be equal, so nothing beyond `n` is read.
 */
// @ts-ignore: decorator
@inline
export function commonPrefix(a: usize, b: usize, from: u32, n: u32): u32 {
  let i = from;
  for (; i + 16 <= n; i += 16) {
    const same = i8x16.bitmask(i8x16.eq(v128.load(a + i), v128.load(b + i)));
    if (same != 0xffff) return i + ctz(~same);
  }
  if (i == n) return n;
  if (n >= 16) {
    const back = n - 16;
    const same = i8x16.bitmask(i8x16.eq(v128.load(a + back), v128.load(b + back)));
    return same == 0xffff ? n : back + ctz(~same);
  }
  if (n >= 8) {
    if (i < 8) {
      const x = load<u64>(a) ^ load<u64>(b);
      if (x != 0) return <u32>(ctz(x) >> 3);
    }
    const back = n - 8;
    const y = load<u64>(a + back) ^ load<u64>(b + back);
    return y == 0 ? n : back + <u32>(ctz(y) >> 3);
  }
  while (i < n && load<u8>(a + i) == load<u8>(b + i)) i++;
  return i;
}

// @ts-ignore: decorator
@inline
export function equalBytes(a: usize, b: usize, len: u32): bool {
  return commonPrefix(a, b, 0, len) == len;
}

/** Copies in steps of sixteen: up to 15 bytes beyond `len` are read and written, which must be the caller's. */
// @ts-ignore: decorator
@inline
export function copyLoose(to: usize, from: usize, len: u32): void {
  for (let i: u32 = 0; i < len; i += 16) v128.store(to + i, v128.load(from + i));
}

/** Is a run of `len` bytes this word of `n`? Words are short: a loop is faster than looks at many bytes. */
// @ts-ignore: decorator
@inline
export function is(at: usize, len: u32, word: usize, n: u32): bool {
  if (len != n) return false;
  for (let i: u32 = 0; i < n; i++) if (load<u8>(at + i) != load<u8>(word + i)) return false;
  return true;
}

/** Does it begin with this word, and go on? */
// @ts-ignore: decorator
@inline
export function startsWith(at: usize, len: u32, word: usize, n: u32): bool {
  return len > n && is(at, n, word, n);
}

export function hasNul(at: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) if (load<u8>(at + i) == 0) return true;
  return false;
}

/** FNV-1a over 32 bits: short keys, table sizes are powers of two. */
export function hashBytes(at: usize, len: u32): u32 {
  let h: u32 = 2166136261;
  for (let i: u32 = 0; i < len; i++) h = (h ^ <u32>load<u8>(at + i)) * 16777619;
  return h ^ (h >> 15);
}

/** Is `path` strictly below `dir`? The root (length 0) is above everything but itself. */
export function isBelow(path: usize, pathLen: u32, dir: usize, dirLen: u32): bool {
  if (pathLen <= dirLen) return false;
  if (dirLen == 0) return true;
  return load<u8>(path + dirLen) == SLASH && equalBytes(path, dir, dirLen);
}

/** Length of the parent of a path: 'a/b' → 1, 'a' → 0. */
export function parentLength(path: usize, len: u32): u32 {
  for (let i = len; i > 0; i--) if (load<u8>(path + i - 1) == SLASH) return i - 1;
  return 0;
}
