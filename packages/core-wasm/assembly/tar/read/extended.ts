// Headers that are no entry: pax' x and g, GNU's L and K speak of one, and are kept until it comes; V names the archive.

import { T_LONG_LINK, T_LONG_NAME, T_PAX_GLOBAL, T_VOLUME } from '../format';
import { E_LIMIT, E_LONG } from './error';
import { textLength } from './fields';
import { fail, IN_EXTENDED, RAW_MAX, Scanner, skipPadding } from './scanner';
import { Text, textAppend, textReserve, textSet } from './text';

export function extended(s: Scanner, type: u8, size: i64): void {
  if (<u64>size > <u64>s.maxMeta) return fail(s, E_LIMIT);
  s.bodyType = type;
  s.bodyLength = <u32>size;
  s.body.length = 0;
  textReserve(s.body, s.bodyLength);
  if (size == 0) extendedDone(s);
  else s.state = IN_EXTENDED;
}

export function extendedDone(s: Scanner): void {
  const body = s.body;
  switch (s.bodyType) {
    case T_LONG_NAME:
      long(s, s.longName);
      break;
    case T_LONG_LINK:
      long(s, s.longLink);
      break;
    case T_PAX_GLOBAL:
      if (<u64>s.global.length + body.length > <u64>s.maxMeta) return fail(s, E_LIMIT);
      textAppend(s.global, body.at, body.length);
      break;
    case T_VOLUME: // whatever it is called: what was said of its name is used up
      s.local.length = 0;
      s.longName.length = 0;
      break;
    default:
      textSet(s.local, body.at, body.length);
  }
  skipPadding(s);
}

function long(s: Scanner, to: Text): void {
  const n = textLength(s.body.at, s.body.length);
  if (n > RAW_MAX) return fail(s, E_LONG);
  textSet(to, s.body.at, n);
}
