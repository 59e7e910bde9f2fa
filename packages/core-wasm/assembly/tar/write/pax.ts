// pax records, "LENGTH KEYWORD=VALUE\n" (POSIX.1-2017 pax, "pax Extended Header"); each function answers with
// the address behind the record.

import { DOT, EQUALS, MINUS, NEWLINE, SPACE, ZERO } from '../../ascii';
import { K_MTIME, MTIME_LEN } from '../keywords';
import { digitsOf, putBytes, putDecimal } from './digits';

/** The value of a number or a time. */
const digits = memory.data(64, 16);

export function putRecord(at: usize, key: usize, keyLen: u32, value: usize, len: u32): usize {
  return putNamedRecord(at, key, keyLen, 0, 0, value, len);
}

/** A keyword in two parts, as an extended attribute's is. */
export function putNamedRecord(
  at: usize, key: usize, keyLen: u32, name: usize, nameLen: u32, value: usize, len: u32,
): usize {
  // The length counts its own digits.
  const rest = keyLen + nameLen + len + 3;
  let total = rest + digitsOf(rest);
  if (rest + digitsOf(total) != total) total = rest + digitsOf(total);
  at = putDecimal(at, total);
  store<u8>(at++, SPACE);
  at = putBytes(at, key, keyLen);
  at = putBytes(at, name, nameLen);
  store<u8>(at++, EQUALS);
  at = putBytes(at, value, len);
  store<u8>(at++, NEWLINE);
  return at;
}

export function putNumber(at: usize, key: usize, keyLen: u32, value: u64): usize {
  const end = putDecimal(digits, value);
  return putRecord(at, key, keyLen, digits, <u32>(end - digits));
}

/** Decimal seconds, the fraction without trailing zeros; before 1970 as the negative number it is. */
export function putTime(at: usize, seconds: i64, nanos: u32): usize {
  let to = digits;
  let whole = seconds;
  let fraction = nanos;
  if (seconds < 0) {
    store<u8>(to++, MINUS);
    whole = -seconds;
    if (nanos > 0) {
      whole -= 1;
      fraction = 1000000000 - nanos;
    }
  }
  to = putDecimal(to, <u64>whole);
  if (fraction > 0) {
    store<u8>(to++, DOT);
    let scale: u32 = 100000000;
    while (fraction > 0) {
      store<u8>(to++, <u8>(ZERO + fraction / scale));
      fraction %= scale;
      scale /= 10;
    }
  }
  return putRecord(at, K_MTIME, MTIME_LEN, digits, <u32>(to - digits));
}
