// One header block: is it one, and whose.

import { AT_SIZE, AT_TYPE, LONG, T_LONG_LINK, T_LONG_NAME, T_PAX, T_PAX_GLOBAL, T_PAX_SUN, T_VOLUME } from '../format';
import { entry } from './entry';
import { E_FIELD, E_HEADER } from './error';
import { extended } from './extended';
import { checksumHolds, clearFieldError, fieldError, isZeroBlock, number } from './fields';
import { ENDED, fail, Scanner } from './scanner';

export function header(s: Scanner, h: usize): void {
  if (isZeroBlock(h)) {
    if (++s.zeroBlocks == 2) s.state = ENDED;
    return;
  }
  clearFieldError();
  if (s.zeroBlocks == 1 || !checksumHolds(h)) return fail(s, E_HEADER);
  const type = load<u8>(h + AT_TYPE);
  const size = number(h + AT_SIZE, LONG);
  if (fieldError || size < 0) return fail(s, E_FIELD);
  switch (type) {
    case T_PAX:
    case T_PAX_GLOBAL:
    case T_PAX_SUN:
    case T_LONG_NAME:
    case T_LONG_LINK:
    case T_VOLUME:
      return extended(s, type, size);
    default:
      return entry(s, h, type, size);
  }
}
