// Numbers and times as pax records have them, in decimal.

import { DOT, isDigit, MINUS, ZERO } from '../../ascii';
import { setFieldError } from './fields';

export function decimal(at: usize, len: u32): i64 {
  let i: u32 = 0;
  let negative = false;
  if (len > 0 && load<u8>(at) == MINUS) {
    negative = true;
    i = 1;
  }
  if (i == len || len - i > 18) setFieldError();
  let value: i64 = 0;
  for (; i < len; i++) {
    const c = load<u8>(at + i);
    if (!isDigit(c)) {
      setFieldError();
      return 0;
    }
    value = value * 10 + <i64>(c - ZERO);
  }
  return negative ? -value : value;
}

export let secondsPart: i64 = 0;
export let nanosPart: u32 = 0;

/** A pax time: decimal seconds with a fraction, floor-normalised so that nanoseconds are 0 … 999,999,999. */
export function paxTime(at: usize, len: u32): void {
  let dot: u32 = 0;
  while (dot < len && load<u8>(at + dot) != DOT) dot++;
  const negative = len > 0 && load<u8>(at) == MINUS;
  let seconds = dot == 0 || (negative && dot == 1) ? 0 : decimal(at, dot);
  let nanos: u32 = 0;
  if (dot < len) {
    let scale: u32 = 100000000;
    for (let i = dot + 1; i < len; i++) {
      const c = load<u8>(at + i);
      if (!isDigit(c)) {
        setFieldError();
        return;
      }
      nanos += <u32>(c - ZERO) * scale;
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
