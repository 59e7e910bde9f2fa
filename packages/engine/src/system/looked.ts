import { type Listing, LOOK, type Look } from '@mica/core-wasm';
import { statxTo } from './beneath.ts';
import { addressOf } from './library.ts';
import { listAttributes } from './xattr.ts';

const STATX = 256; // bytes of struct statx

/** What is known of some names of a directory. */
export interface Looked {
  readonly look: Look;
  /** 0, or why there is no struct statx: an errno negated. */
  readonly results: Int32Array;
  /** The names of a file's extended attributes, where it has any and they were told. */
  readonly attributes: Map<number, string>;
}

/**
 * Asks about those names in `dirfd` from `from` on, at most so many: for the struct statx of each, and whether it
 * has extended attributes. How many of them it were. Nothing is made in JavaScript for a name. (Asked for by io_uring(7),
 * in threads of the kernel's beside this one, the structs came no sooner: both look up the same names.)
 */
export function lookAt(looked: Looked, dirfd: number, listing: Listing, from: number, most = LOOK): number {
  const { look, results, attributes } = looked;
  const count = look.take(listing, from, most);
  const { offsets } = look;
  const namesAt = addressOf(look.names.bytes);
  const statsAt = addressOf(look.stats);
  for (let i = 0; i < count; i++) {
    const result = statxTo(dirfd, namesAt + (offsets[i] as number), statsAt + i * STATX);
    results[i] = result;
    if (result !== 0) look.forget(i);
  }
  attributes.clear();
  listAttributes(dirfd, count, namesAt, offsets, look.plain, attributes);
  return count;
}
