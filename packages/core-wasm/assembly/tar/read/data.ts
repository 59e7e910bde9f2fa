// The bytes of an entry: which of a chunk they are, and where in the file they belong.

import { builderRest } from '../../table/builder';
import { EV_DATA, EV_DONE, EV_ENTRY, event, IN_DATA, Scanner, skipPadding } from './scanner';

/** Its record is complete: the caller hears of it, and its data comes next. */
export function begin(s: Scanner): void {
  event(s, EV_ENTRY, s.current, 0, 0, 0);
  if (s.remaining == 0) done(s);
  else s.state = IN_DATA;
}

function done(s: Scanner): void {
  event(s, EV_DONE, s.current, 0, 0, 0);
  skipPadding(s);
}

/** Takes up to `left` bytes that lie at `at` in the chunk, and no more than one run of a sparse file; how many. */
export function data(s: Scanner, at: u32, left: u32): u32 {
  const r = builderRest(s.builder, s.current);
  let n = <u32>min<u64>(s.remaining, left);
  if (r.sparseLen > 0) {
    while (s.sparseLeft == 0 && s.sparseAt < r.sparseLen) {
      const run = s.builder.heap + r.sparseOff + s.sparseAt;
      s.logical = load<u64>(run);
      s.sparseLeft = load<u64>(run, 8);
      s.sparseAt += 16;
    }
    n = <u32>min<u64>(s.sparseLeft, n);
    s.sparseLeft -= n;
  }
  event(s, EV_DATA, s.current, at, n, s.logical);
  s.logical += n;
  s.remaining -= n;
  s.position += n;
  if (s.remaining == 0) done(s);
  return n;
}
