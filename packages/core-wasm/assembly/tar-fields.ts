// The fields of a 512-byte tar header: POSIX.1-2017 pax, "ustar Interchange Format", with GNU's
// base-256 numbers. A field that does not parse sets `fieldError`.

export let fieldError: bool = false;

export function clearFieldError(): void {
  fieldError = false;
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
  while (i < len && (load<u8>(at + i) == 0x20 || load<u8>(at + i) == 0)) i++;
  let value: i64 = 0;
  let digits: u32 = 0;
  for (; i < len; i++) {
    const c = load<u8>(at + i);
    if (c == 0x20 || c == 0) break;
    if (c < 0x30 || c > 0x37 || ++digits > 20) {
      fieldError = true;
      return 0;
    }
    value = (value << 3) | <i64>(c - 0x30);
  }
  for (; i < len; i++) {
    const c = load<u8>(at + i);
    if (c != 0x20 && c != 0) fieldError = true;
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

/** Sum with the checksum field as spaces; historic tars added signed bytes. */
export function checksumHolds(at: usize): bool {
  let sums = i32x4.splat(0);
  for (let i: u32 = 0; i < 512; i += 16)
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v128.load(at + i))));
  let unsigned: i64 = 256;
  unsigned += i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  for (let i: u32 = 148; i < 156; i++) unsigned -= <i64>load<u8>(at + i);
  const stored = number(at + 148, 8);
  if (fieldError) return false;
  if (stored == unsigned) return true;
  let signed: i64 = 256;
  for (let i: u32 = 0; i < 512; i++) if (i < 148 || i >= 156) signed += <i64>load<i8>(at + i);
  return stored == signed;
}

export function isZeroBlock(at: usize): bool {
  for (let i: u32 = 0; i < 512; i += 16) if (v128.any_true(v128.load(at + i))) return false;
  return true;
}

export function decimal(at: usize, len: u32): i64 {
  let i: u32 = 0;
  let negative = false;
  if (len > 0 && load<u8>(at) == 0x2d) {
    negative = true;
    i = 1;
  }
  if (i == len || len - i > 18) fieldError = true;
  let value: i64 = 0;
  for (; i < len; i++) {
    const c = load<u8>(at + i);
    if (c < 0x30 || c > 0x39) {
      fieldError = true;
      return 0;
    }
    value = value * 10 + <i64>(c - 0x30);
  }
  return negative ? -value : value;
}

export let secondsPart: i64 = 0;
export let nanosPart: u32 = 0;

/** A pax time: decimal seconds with a fraction, floor-normalised so that nanoseconds are 0 … 999,999,999. */
export function paxTime(at: usize, len: u32): void {
  let dot: u32 = 0;
  while (dot < len && load<u8>(at + dot) != 0x2e) dot++;
  const negative = len > 0 && load<u8>(at) == 0x2d;
  let seconds = dot == 0 || (negative && dot == 1) ? 0 : decimal(at, dot);
  let nanos: u32 = 0;
  if (dot < len) {
    let scale: u32 = 100000000;
    for (let i = dot + 1; i < len; i++) {
      const c = load<u8>(at + i);
      if (c < 0x30 || c > 0x39) {
        fieldError = true;
        return;
      }
      nanos += <u32>(c - 0x30) * scale;
      scale /= 10;
    }
  }
  if (negative && nanos > 0) {
    seconds -= 1;
    nanos = 1000000000 - nanos;
  }
  secondsPart = seconds;
  nanosPart = nanos;
}
