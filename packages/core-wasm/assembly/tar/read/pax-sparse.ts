// Sparse files in pax headers, GNU.sparse.* (GNU tar manual, "Storing Sparse Files", versions 0.0, 0.1 and 1.0).
// In 1.0 the map stands before the data, see sparse-map.ts.

import { COMMA } from '../../ascii';
import { hasNul, is } from '../../bytes';
import { Builder, builderRoom } from '../../table/builder';
import { K_SIZE, SIZE_LEN } from '../keywords';
import { Attributes } from './attributes';
import { decimal } from './decimal';
import { E_NONE, E_PAX, E_SPARSE } from './error';
import { fieldError } from './fields';

// GNU.sparse.
export const GNU_SPARSE = memory.data<u8>([0x47, 0x4e, 0x55, 0x2e, 0x73, 0x70, 0x61, 0x72, 0x73, 0x65, 0x2e]);
export const GNU_SPARSE_LEN: u32 = 11;
const MAJOR = memory.data<u8>([0x6d, 0x61, 0x6a, 0x6f, 0x72]); // major
const NAME = memory.data<u8>([0x6e, 0x61, 0x6d, 0x65]); // name
const REALSIZE = memory.data<u8>([0x72, 0x65, 0x61, 0x6c, 0x73, 0x69, 0x7a, 0x65]); // realsize
const OFFSET = memory.data<u8>([0x6f, 0x66, 0x66, 0x73, 0x65, 0x74]); // offset
const NUMBYTES = memory.data<u8>([0x6e, 0x75, 0x6d, 0x62, 0x79, 0x74, 0x65, 0x73]); // numbytes
const MAP = memory.data<u8>([0x6d, 0x61, 0x70]); // map

/** A record whose keyword goes on with `key` after "GNU.sparse."; the error, or none. */
export function paxSparse(x: Attributes, b: Builder, key: usize, keyLen: u32, value: usize, len: u32): u32 {
  if (is(key, keyLen, MAJOR, 5)) x.sparseMajor = <u32>decimal(value, len);
  else if (is(key, keyLen, NAME, 4)) {
    if (hasNul(value, len)) return E_PAX;
    x.sparseName = value;
    x.sparseNameLen = len;
  } else if (is(key, keyLen, REALSIZE, 8) || is(key, keyLen, K_SIZE, SIZE_LEN)) x.sparseReal = decimal(value, len);
  else if (is(key, keyLen, OFFSET, 6)) x.pendingOffset = decimal(value, len);
  else if (is(key, keyLen, NUMBYTES, 8)) addRun(x, b, x.pendingOffset, decimal(value, len));
  else if (is(key, keyLen, MAP, 3) && !addRuns(x, b, value, len)) return E_SPARSE;
  return fieldError ? E_SPARSE : E_NONE;
}

/** "OFFSET,LENGTH,OFFSET,LENGTH…"; false if the last one has no length. */
function addRuns(x: Attributes, b: Builder, list: usize, len: u32): bool {
  let start: u32 = 0;
  let second = false;
  for (let i: u32 = 0; i <= len; i++) {
    if (i < len && load<u8>(list + i) != COMMA) continue;
    const value = decimal(list + start, i - start);
    if (second) addRun(x, b, x.pendingOffset, value);
    else x.pendingOffset = value;
    second = !second;
    start = i + 1;
  }
  return !second;
}

function addRun(x: Attributes, b: Builder, offset: i64, length: i64): void {
  // Runs grow in place while nothing else was written behind them (an xattr in between: copy once).
  let at = x.mapOff;
  if (x.mapLen == 0 || at + x.mapLen != b.heapLength) {
    at = builderRoom(b, x.mapLen + 16);
    memory.copy(b.heap + at, b.heap + x.mapOff, x.mapLen);
    x.mapOff = at;
  } else builderRoom(b, 16);
  const run = b.heap + at + x.mapLen;
  store<i64>(run, offset);
  store<i64>(run, length, 8);
  x.mapLen += 16;
}
