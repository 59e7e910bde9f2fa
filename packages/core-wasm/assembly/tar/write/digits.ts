// Numbers and bytes as text, written at an address; most answer with the address behind it.

import { ZERO } from '../../ascii';

export function putBytes(at: usize, from: usize, len: u32): usize {
  memory.copy(at, from, len);
  return at + len;
}

export function putOctal(at: usize, digits: u32, value: u64): void {
  for (let i = <i32>digits - 1; i >= 0; i--) {
    store<u8>(at + i, <u8>(ZERO + (value & 7)));
    value >>= 3;
  }
}

export function digitsOf(value: u64): u32 {
  let n: u32 = 1;
  while (value >= 10) {
    value /= 10;
    n++;
  }
  return n;
}

export function putDecimal(at: usize, value: u64): usize {
  const n = digitsOf(value);
  for (let i = <i32>n - 1; i >= 0; i--) {
    store<u8>(at + i, <u8>(ZERO + (value % 10)));
    value /= 10;
  }
  return at + n;
}
