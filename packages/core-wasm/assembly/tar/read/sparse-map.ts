// pax sparse 1.0 (GNU tar manual, "PAX Format, Version 1.0"): before the data stand decimal numbers, one a line,
// how many runs there are, then offset and length of each; padded to a block.

import { isDigit, NEWLINE, ZERO } from '../../ascii';
import { builderAt, builderRest, builderRoom } from '../../table/builder';
import { BLOCK_SIZE } from '../format';
import { Attributes } from './attributes';
import { E_SPARSE } from './error';
import { fail, IN_SPARSE_MAP, Scanner } from './scanner';
import { growMap, sparseReady } from './sparse';

/** As `mapLeft`: the first number, how many there are, is still to come. */
const UNCOUNTED: u64 = ~0;
const MAX_DIGITS: u32 = 18; // so that no number overflows

export function mapSparse(s: Scanner, x: Attributes): void {
  builderAt(s.builder, s.current).size = x.sparseReal < 0 ? 0 : <u64>x.sparseReal;
  const r = builderRest(s.builder, s.current);
  r.sparseOff = builderRoom(s.builder, 0);
  s.mapLeft = UNCOUNTED;
  s.mapValue = 0;
  s.mapDigits = 0;
  s.state = IN_SPARSE_MAP;
  if (r.stored == 0) fail(s, E_SPARSE);
}

/** The next byte of the map. */
export function sparseMapByte(s: Scanner, c: u8): void {
  // What follows the last number is padding.
  if (s.mapLeft != 0) {
    if (c == NEWLINE && s.mapDigits > 0) numberDone(s);
    else if (isDigit(c) && ++s.mapDigits <= MAX_DIGITS) s.mapValue = s.mapValue * 10 + (c - ZERO);
    else return fail(s, E_SPARSE);
    if (s.error != 0) return;
  }
  const complete = s.mapLeft == 0 && (s.position & (BLOCK_SIZE - 1)) == 0;
  if (complete) mapDone(s);
  else if (s.remaining == 0) fail(s, E_SPARSE);
}

function numberDone(s: Scanner): void {
  if (s.mapLeft == UNCOUNTED) s.mapLeft = s.mapValue * 2;
  else {
    const at = growMap(s, 8);
    if (s.error != 0) return;
    store<u64>(at, s.mapValue);
    s.mapLeft--;
  }
  s.mapValue = 0;
  s.mapDigits = 0;
}

/** The data begins here: the map is no part of it. */
function mapDone(s: Scanner): void {
  const r = builderAt(s.builder, s.current);
  builderRest(s.builder, s.current).stored -= s.position - r.dataOff;
  r.dataOff = s.position;
  sparseReady(s);
}
