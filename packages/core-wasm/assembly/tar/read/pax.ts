// pax extended headers: "LENGTH KEYWORD=VALUE\n" records (POSIX.1-2017 pax, "pax Extended Header").

import { EQUALS, isDigit, NEWLINE, SPACE, ZERO } from '../../ascii';
import { hasNul, is, startsWith } from '../../bytes';
import { Builder, builderAt } from '../../table/builder';
import {
  GID_LEN, K_GID, K_LINKPATH, K_MTIME, K_PATH, K_SIZE, K_UID, K_XATTR, LINKPATH_LEN, MTIME_LEN, PATH_LEN, SIZE_LEN,
  UID_LEN, XATTR_LEN,
} from '../keywords';
import { Attributes } from './attributes';
import { decimal, nanosPart, paxTime, secondsPart } from './decimal';
import { E_NONE, E_PAX } from './error';
import { clearFieldError, fieldError } from './fields';
import { GNU_SPARSE, GNU_SPARSE_LEN, paxSparse } from './pax-sparse';
import { addXattr } from './xattr';

/** Applies the records of `body` to the entry at `index`; the error, or none. */
export function paxApply(x: Attributes, b: Builder, index: u32, body: usize, len: u32): u32 {
  let at: u32 = 0;
  while (at < len) {
    let length: u32 = 0;
    let i = at;
    // Nine digits: no sum below can overflow.
    for (; i < len && i - at < 9; i++) {
      const c = load<u8>(body + i);
      if (!isDigit(c)) break;
      length = length * 10 + (c - ZERO);
    }
    const end = at + length;
    // Room for " k=\n" after the length; the record's last byte is its newline.
    if (i == at || i >= len || load<u8>(body + i) != SPACE) return E_PAX;
    if (length > len - at || end < i + 4 || load<u8>(body + end - 1) != NEWLINE) return E_PAX;
    const key = i + 1;
    let equals = key;
    while (equals < end - 1 && load<u8>(body + equals) != EQUALS) {
      if (load<u8>(body + equals) == 0) return E_PAX;
      equals++;
    }
    if (equals == end - 1 || equals == key) return E_PAX;
    const value = equals + 1;
    const error = apply(x, b, index, body + key, equals - key, body + value, end - 1 - value);
    if (error != E_NONE) return error;
    at = end;
  }
  return E_NONE;
}

/** One record. An empty value takes back what a global said. */
function apply(x: Attributes, b: Builder, index: u32, key: usize, keyLen: u32, value: usize, len: u32): u32 {
  clearFieldError();
  if (startsWith(key, keyLen, K_XATTR, XATTR_LEN))
    return addXattr(b, index, key + XATTR_LEN, keyLen - XATTR_LEN, value, len);
  if (is(key, keyLen, K_PATH, PATH_LEN)) {
    if (hasNul(value, len)) return E_PAX;
    x.path = len == 0 ? 0 : value;
    x.pathLen = len;
  } else if (is(key, keyLen, K_LINKPATH, LINKPATH_LEN)) {
    if (hasNul(value, len)) return E_PAX;
    x.link = len == 0 ? 0 : value;
    x.linkLen = len;
  } else if (len == 0) {
    return E_NONE;
  } else if (is(key, keyLen, K_SIZE, SIZE_LEN)) x.size = decimal(value, len);
  else if (is(key, keyLen, K_UID, UID_LEN)) x.uid = decimal(value, len);
  else if (is(key, keyLen, K_GID, GID_LEN)) x.gid = decimal(value, len);
  else if (is(key, keyLen, K_MTIME, MTIME_LEN)) {
    paxTime(value, len);
    const r = builderAt(b, index);
    r.mtimeSec = secondsPart;
    r.mtimeNsec = nanosPart;
  } else if (startsWith(key, keyLen, GNU_SPARSE, GNU_SPARSE_LEN))
    return paxSparse(x, b, key + GNU_SPARSE_LEN, keyLen - GNU_SPARSE_LEN, value, len);
  return fieldError ? E_PAX : E_NONE;
}
