// The fields of a header block as they are written: octal with a NUL at their end.

import { SPACE } from '../../ascii';
import { sumOf } from '../checksum';
import { AT_CHECKSUM, AT_MAGIC, LONG, MAGIC_USTA, SHORT } from '../format';
import { putOctal } from './digits';

/** The largest number that a field of {@link SHORT} or {@link LONG} bytes has digits for. */
export const MAX_SHORT: u64 = 0o7777777;
export const MAX_LONG: u64 = 0o77777777777;

/** 0 where the number is too large: a pax record has it then. */
export function putShort(at: usize, value: u64): void {
  putOctal(at, SHORT - 1, value > MAX_SHORT ? 0 : value);
}
export function putLong(at: usize, value: u64): void {
  putOctal(at, LONG - 1, value > MAX_LONG ? 0 : value);
}

/** In GNU's base-256 past the largest in octal: device numbers have no pax keyword of their own. */
export function putDevice(at: usize, value: u32): void {
  if (value <= MAX_SHORT) {
    putShort(at, value);
    return;
  }
  store<u32>(at, 0x80);
  store<u32>(at, bswap<u32>(value), 4);
}

/** "ustar\0" "00": POSIX, whose pax headers the extended ones are. */
export function putMagic(h: usize): void {
  store<u32>(h + AT_MAGIC, MAGIC_USTA);
  store<u32>(h + AT_MAGIC, 0x30300072, 4);
}

/** The checksum, when all else is there: six digits, a NUL and a space. */
export function seal(h: usize): void {
  memory.fill(h + AT_CHECKSUM, SPACE, SHORT);
  putOctal(h + AT_CHECKSUM, 6, sumOf(h));
  store<u8>(h + AT_CHECKSUM, 0, 6);
}
