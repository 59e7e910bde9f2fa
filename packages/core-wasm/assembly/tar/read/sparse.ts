// Sparse files: only runs of them are stored. A map of (offset, length) pairs of u64 in the heap says which.

import { builderAt, builderRest, builderRoom } from '../../table/builder';
import { LONG } from '../format';
import { Attributes } from './attributes';
import { begin } from './data';
import { E_LIMIT, E_SPARSE } from './error';
import { clearFieldError, fieldError, number } from './fields';
import { fail, IN_SPARSE_HEADER, Scanner } from './scanner';

// GNU's old format (GNU tar manual, "Old GNU Format"): four runs in the header, 21 in each block that follows it.
const AT_RUNS: usize = 386;
const RUNS: u32 = 4;
const AT_MORE: usize = 482;
const AT_REAL_SIZE: usize = 483;
const MORE_RUNS: u32 = 21;
const AT_STILL_MORE: usize = 504;

export function headerSparse(s: Scanner, h: usize): void {
  const real = number(h + AT_REAL_SIZE, LONG);
  if (fieldError || real < 0) return fail(s, E_SPARSE);
  builderAt(s.builder, s.current).size = <u64>real;
  addRuns(s, h + AT_RUNS, RUNS);
  if (s.error != 0) return;
  if (load<u8>(h + AT_MORE) != 0) s.state = IN_SPARSE_HEADER;
  else sparseReady(s);
}

/** A block that goes on with the header's runs. */
export function sparseHeader(s: Scanner, block: usize): void {
  clearFieldError();
  addRuns(s, block, MORE_RUNS);
  if (s.error != 0 || load<u8>(block + AT_STILL_MORE) != 0) return;
  builderAt(s.builder, s.current).dataOff = s.position;
  sparseReady(s);
}

function addRuns(s: Scanner, runs: usize, n: u32): void {
  for (let i: u32 = 0; i < n && s.error == 0; i++) {
    const run = runs + i * 2 * LONG;
    if (load<u8>(run) == 0 || load<u8>(run + LONG) == 0) return;
    addRun(s, number(run, LONG), number(run + LONG, LONG));
  }
}

function addRun(s: Scanner, offset: i64, length: i64): void {
  if (fieldError || offset < 0 || length < 0) return fail(s, E_SPARSE);
  const at = growMap(s, 16);
  if (s.error != 0) return;
  store<i64>(at, offset);
  store<i64>(at, length, 8);
}

/** Room for `len` more bytes of the map, which is the last thing in the heap; its address. */
export function growMap(s: Scanner, len: u32): usize {
  const b = s.builder;
  const r = builderRest(b, s.current);
  if (r.sparseLen >= s.maxMeta * 4) {
    fail(s, E_LIMIT);
    return 0;
  }
  const at = builderRoom(b, len);
  if (r.sparseLen == 0) r.sparseOff = at;
  r.sparseLen += len;
  return b.heap + at;
}

/** The map stood in a pax header. */
export function knownSparse(s: Scanner, x: Attributes): void {
  builderAt(s.builder, s.current).size = <u64>x.sparseReal;
  const r = builderRest(s.builder, s.current);
  r.sparseOff = x.mapOff;
  r.sparseLen = x.mapLen;
  sparseReady(s);
}

/** Checks the map against the sizes: ascending, disjoint, as many bytes as are stored, all within the file. */
export function sparseReady(s: Scanner): void {
  const size = builderAt(s.builder, s.current).size;
  if (size > s.maxSize) return fail(s, E_LIMIT);
  const r = builderRest(s.builder, s.current);
  const map = s.builder.heap + r.sparseOff;
  let end: u64 = 0;
  let total: u64 = 0;
  for (let i: u32 = 0; i < r.sparseLen; i += 16) {
    const offset = load<u64>(map + i);
    const length = load<u64>(map + i, 8);
    if (offset < end || offset > size || length > size - offset) return fail(s, E_SPARSE);
    end = offset + length;
    total += length;
  }
  if ((r.sparseLen & 15) != 0 || total != r.stored) return fail(s, E_SPARSE);
  begin(s);
}
