// Where an entry stands in the tree: its path with parents resolved, and what its name says of lower layers.

import { DOT, DOT_DOT } from '../../ascii';
import { parentLength } from '../../bytes';
import { Builder, builderAt, builderBytes, builderRest } from '../../table/builder';
import { DIR, F_HIDDEN, F_IMPLIED, F_OPAQUE, HARDLINK, Record, SYMLINK, WHITEOUT } from '../../table/record';
import { OPAQUE_LEN, WH, WH_LEN } from '../whiteout';
import { Attributes } from './attributes';
import { isBookkeeping, isOpaqueMark } from './bookkeeping';
import { E_ESCAPE, E_LINK, E_LONG, E_LOOP, E_NAME, E_WHITEOUT } from './error';
import { normalise, PATH_MAX } from './path';
import { ESCAPES, resolveParents } from './resolve';
import { fail, RAW_MAX, Scanner } from './scanner';
import { linkAdd, linkRemove } from './symlinks';

/** Gives the record its path, kind, flags and link. */
export function place(s: Scanner, x: Attributes, kind: i32): void {
  const b = s.builder;
  if (x.pathLen > RAW_MAX) return fail(s, E_LONG);
  const normal = normalise(x.path, x.pathLen, s.path);
  if (normal < 0 || (normal == 0 && kind != DIR)) return fail(s, E_NAME);
  const resolved = resolveParents(s.links, b, s.path, normal);
  if (resolved < 0) return fail(s, resolved == ESCAPES ? E_ESCAPE : E_LOOP);
  let len: u32 = resolved;
  if (len > PATH_MAX) return fail(s, E_LONG);

  let flags: u8 = 0;
  const parent = parentLength(s.path, len);
  const base = parent == 0 ? 0 : parent + 1;
  const baseLen = len - base;
  const name = s.path + base;
  if (isBookkeeping(s.path, len)) {
    if (baseLen == OPAQUE_LEN && kind != DIR && isOpaqueMark(name)) {
      kind = DIR;
      flags = F_IMPLIED | F_OPAQUE;
      len = parent;
      markOnly(builderAt(b, s.current));
    } else flags = F_HIDDEN;
  } else if (baseLen >= WH_LEN && load<u32>(name) == WH && kind != DIR) {
    // A directory of that name is an ordinary directory.
    const rest = baseLen - WH_LEN;
    if (!canBeHidden(name + WH_LEN, rest)) return fail(s, E_WHITEOUT);
    kind = WHITEOUT;
    memory.copy(name, name + WH_LEN, rest);
    len = base + rest;
  }

  const pathOff = builderBytes(b, s.path, len);
  const r = builderAt(b, s.current);
  r.pathOff = pathOff;
  r.pathLen = len;
  r.flags = flags;
  r.kind = <u8>kind;
  if (kind == SYMLINK) target(s, x);
  else if (kind == HARDLINK) targetInside(s, x);
  if (s.error != 0 || kind == WHITEOUT || flags & F_HIDDEN) return;
  if (!(kind == DIR && flags & F_IMPLIED)) linkRemove(s.links, b, b.heap + pathOff, len);
  if (kind == SYMLINK) linkAdd(s.links, b, s.current);
}

/** As for any directory without an entry of its own: the mark's attributes are not the directory's. */
function markOnly(r: Record): void {
  r.mode = 0o755;
  r.uid = 0;
  r.gid = 0;
  r.mtimeSec = 0;
  r.mtimeNsec = 0;
  r.xattrLen = 0;
}

/** Nothing, '.' and '..' are no names that a lower layer could have. */
function canBeHidden(name: usize, len: u32): bool {
  return !(len == 0 || (len == 1 && load<u8>(name) == DOT) || (len == 2 && load<u16>(name) == DOT_DOT));
}

function target(s: Scanner, x: Attributes): void {
  if (x.linkLen == 0) return fail(s, E_LINK);
  if (x.linkLen > RAW_MAX) return fail(s, E_LONG);
  keepTarget(s.builder, s.current, x.link, x.linkLen);
  builderAt(s.builder, s.current).mode = 0o777;
}

/** A hard link's target is a name in the archive: the same rules as for any other name. */
function targetInside(s: Scanner, x: Attributes): void {
  if (x.linkLen == 0) return fail(s, E_LINK);
  if (x.linkLen > RAW_MAX) return fail(s, E_LONG);
  let len = normalise(x.link, x.linkLen, s.path);
  if (len >= 0) len = resolveParents(s.links, s.builder, s.path, len);
  if (len == 0) return fail(s, E_LINK);
  if (len < 0) return fail(s, len == ESCAPES ? E_ESCAPE : E_NAME);
  keepTarget(s.builder, s.current, s.path, len);
}

function keepTarget(b: Builder, index: u32, from: usize, len: u32): void {
  const off = builderBytes(b, from, len);
  builderRest(b, index).linkOff = off;
  builderAt(b, index).linkLen = len;
}
