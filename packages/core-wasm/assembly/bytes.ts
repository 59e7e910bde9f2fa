// Comparing and hashing runs of bytes.

/** Tree order: byte by byte, with '/' below every other byte, so a directory's subtree is contiguous. */
export function comparePaths(a: usize, aLen: u32, b: usize, bLen: u32): i32 {
  const n = aLen < bLen ? aLen : bLen;
  let i: u32 = 0;
  while (i + 8 <= n) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) {
      i += <u32>(ctz(x ^ y) >> 3);
      return order(load<u8>(a + i)) - order(load<u8>(b + i));
    }
    i += 8;
  }
  for (; i < n; i++) {
    const x = load<u8>(a + i);
    const y = load<u8>(b + i);
    if (x != y) return order(x) - order(y);
  }
  return <i32>(aLen > bLen) - <i32>(aLen < bLen);
}

// @ts-ignore: decorator
@inline
function order(byte: u8): i32 {
  return byte == 0x2f ? 0 : <i32>byte + 1;
}

export function equalBytes(a: usize, b: usize, len: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= len; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < len; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
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
  return load<u8>(path + dirLen) == 0x2f && equalBytes(path, dir, dirLen);
}

/** Length of the parent of a path: 'a/b' → 1, 'a' → 0. */
export function parentLength(path: usize, len: u32): u32 {
  for (let i = len; i > 0; i--) if (load<u8>(path + i - 1) == 0x2f) return i - 1;
  return 0;
}
