// The fields of a header block, with GNU's base-256 numbers. A field that does not parse sets `fieldError`.

import { SEVEN, SPACE, ZERO } from '../../ascii';
import { sumOf } from '../checksum';
import { AT_CHECKSUM, BLOCK_SIZE, SHORT } from '../format';

export let fieldError: bool = false;

export function clearFieldError(): void {
  fieldError = false;
}
export function setFieldError(): void {
  fieldError = true;
}

/** Octal with leading and trailing spaces or NULs, or base-256 when the first bit is set. */
export function number(at: usize, len: u32): i64 {
  const first = load<u8>(at);
  if (first & 0x80) {
    // Two's complement, big endian, over the remaining bits.
    let value: i64 = first & 0x40 ? -1 : 0;
    value = (value << 6) | <i64>(first & 0x3f);
    for (let i: u32 = 1; i < len; i++) {
      if (value > 0x7fffffffffffff || value < -0x80000000000000) fieldError = true;
      value = (value << 8) | <i64>load<u8>(at + i);
    }
    return value;
  }
  let i: u32 = 0;
  while (i < len && (load<u8>(at + i) == SPACE || load<u8>(at + i) == 0)) i++;
  let value: i64 = 0;
  let digits: u32 = 0;
  for (; i < len; i++) {
    const c = load<u8>(at + i);
    if (c == SPACE || c == 0) break;
    if (c < ZERO || c > SEVEN || ++digits > 20) {
      fieldError = true;
      return 0;
    }
    value = (value << 3) | <i64>(c - ZERO);
  }
  for (; i < len; i++) {
    const c = load<u8>(at + i);
    if (c != SPACE && c != 0) fieldError = true;
  }
  return value;
}

/** Length up to the first NUL. A field lies in a block of 512 with at least 16 bytes after it. */
export function textLength(at: usize, len: u32): u32 {
  for (let n: u32 = 0; n < len; n += 16) {
    const nul = i8x16.bitmask(i8x16.eq(v128.load(at + n), i8x16.splat(0)));
    if (nul != 0) return min(n + <u32>ctz(nul), len);
  }
  return len;
}

/** The checksum field itself, as eight spaces. */
const SPACES: i64 = 256;

/** Sum with the checksum field as spaces; historic tars added signed bytes. */
export function checksumHolds(at: usize): bool {
  let unsigned: i64 = SPACES + sumOf(at);
  for (let i = AT_CHECKSUM; i < AT_CHECKSUM + SHORT; i++) unsigned -= <i64>load<u8>(at + i);
  const stored = number(at + AT_CHECKSUM, SHORT);
  if (fieldError) return false;
  if (stored == unsigned) return true;
  let signed: i64 = SPACES;
  for (let i: usize = 0; i < BLOCK_SIZE; i++)
    if (i < AT_CHECKSUM || i >= AT_CHECKSUM + SHORT) signed += <i64>load<i8>(at + i);
  return stored == signed;
}

export function isZeroBlock(at: usize): bool {
  for (let i: u32 = 0; i < BLOCK_SIZE; i += 16) if (v128.any_true(v128.load(at + i))) return false;
  return true;
}
