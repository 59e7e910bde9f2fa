// One entry: its record, from its header and from what extended headers said before it.

import { SLASH } from '../../ascii';
import { builderAt, builderRecord, builderRest } from '../../table/builder';
import { BLOCK, CHAR, DIR, FIFO, FILE, HARDLINK, SYMLINK } from '../../table/record';
import {
  AT_DEV_MAJOR, AT_DEV_MINOR, AT_GID, AT_MODE, AT_MTIME, AT_UID, LONG, SHORT, T_BLOCK, T_CHAR, T_CONTIGUOUS, T_DIR,
  T_DUMPDIR, T_FIFO, T_FILE, T_HARDLINK, T_OLD_FILE, T_SPARSE, T_SYMLINK,
} from '../format';
import { Attributes, attributesOf } from './attributes';
import { begin } from './data';
import { E_DEVICE, E_FIELD, E_LIMIT, E_TYPE } from './error';
import { fieldError, number } from './fields';
import { chooseName, chooseTarget } from './name';
import { paxApply } from './pax';
import { place } from './place';
import { fail, Scanner } from './scanner';
import { headerSparse, knownSparse } from './sparse';
import { mapSparse } from './sparse-map';
import { Text } from './text';

const UNKNOWN: i32 = -1;
/** The largest owner or device number. */
const U32_MAX: i64 = 0xffffffff;

export function entry(s: Scanner, h: usize, type: u8, headerSize: i64): void {
  const b = s.builder;
  if (b.count >= s.maxEntries) return fail(s, E_LIMIT);
  let kind = kindOf(type);
  if (kind == UNKNOWN) return fail(s, E_TYPE);
  s.current = b.count;
  builderRecord(b);
  const x = attributesOf(headerSize, number(h + AT_UID, SHORT), number(h + AT_GID, SHORT));
  readFields(s, h, kind);
  readExtended(s, x);
  if (s.error != 0) return;
  chooseName(s, h, x);
  chooseTarget(s, h, x);
  // Before directories had a type, a trailing slash was the sign.
  if (kind == FILE && type != T_SPARSE && x.pathLen > 0 && load<u8>(x.path + x.pathLen - 1) == SLASH) kind = DIR;
  place(s, x, kind);
  if (s.error == 0) body(s, x, h, type, kind);
}

function kindOf(type: u8): i32 {
  switch (type) {
    case T_OLD_FILE:
    case T_FILE:
    case T_CONTIGUOUS:
    case T_SPARSE:
      return FILE;
    case T_HARDLINK:
      return HARDLINK;
    case T_SYMLINK:
      return SYMLINK;
    case T_CHAR:
      return CHAR;
    case T_BLOCK:
      return BLOCK;
    case T_DIR:
    case T_DUMPDIR:
      return DIR;
    case T_FIFO:
      return FIFO;
    default:
      return UNKNOWN;
  }
}

/** What goes to the record as the header has it. */
function readFields(s: Scanner, h: usize, kind: i32): void {
  const r = builderAt(s.builder, s.current);
  r.mode = <u16>(number(h + AT_MODE, SHORT) & 0o7777);
  r.mtimeSec = number(h + AT_MTIME, LONG);
  if (kind == CHAR || kind == BLOCK) {
    const major = number(h + AT_DEV_MAJOR, SHORT);
    const minor = number(h + AT_DEV_MINOR, SHORT);
    if (major < 0 || minor < 0 || major > U32_MAX || minor > U32_MAX) return fail(s, E_DEVICE);
    const rest = builderRest(s.builder, s.current);
    rest.devMajor = <u32>major;
    rest.devMinor = <u32>minor;
  }
  if (fieldError) fail(s, E_FIELD);
}

/** What extended headers say, for all entries and for this one; then the owner, which they may have changed. */
function readExtended(s: Scanner, x: Attributes): void {
  applyTo(s, x, s.global);
  applyTo(s, x, s.local);
  s.local.length = 0;
  if (s.error != 0) return;
  if (x.size < 0 || x.uid < 0 || x.gid < 0 || x.uid > U32_MAX || x.gid > U32_MAX) return fail(s, E_FIELD);
  const r = builderAt(s.builder, s.current);
  r.uid = <u32>x.uid;
  r.gid = <u32>x.gid;
}

function applyTo(s: Scanner, x: Attributes, records: Text): void {
  if (s.error == 0 && records.length > 0) s.error = paxApply(x, s.builder, s.current, records.at, records.length);
}

/** How many bytes follow, and what they are: data, or a map of where the data belongs. */
function body(s: Scanner, x: Attributes, h: usize, type: u8, kind: i32): void {
  const r = builderAt(s.builder, s.current);
  const stored: u64 = kind == FILE || type == T_DUMPDIR ? <u64>x.size : 0;
  r.dataOff = s.position;
  builderRest(s.builder, s.current).stored = stored;
  if (kind == FILE) r.size = stored;
  if (stored > s.maxSize) return fail(s, E_LIMIT);
  s.remaining = stored;
  s.logical = 0;
  s.sparseAt = 0;
  s.sparseLeft = 0;
  if (type == T_SPARSE) headerSparse(s, h);
  else if (kind == FILE && x.sparseMajor == 1) mapSparse(s, x);
  else if (kind == FILE && x.sparseReal >= 0) knownSparse(s, x);
  else begin(s);
}
