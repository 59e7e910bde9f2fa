import { type Listing, LOOK, type Look } from '@mica/core-wasm';
import { statxOf, statxTo } from '../system/beneath.ts';
import { addressOf } from '../system/library.ts';
import { hasNoXattrs, listAttributes } from '../system/xattr.ts';
import { OpenFiles } from './open-files.ts';

const STATX = 256; // bytes of struct statx
const MODE_AT = 28; // in it, u16

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
  const { look, attributes } = looked;
  const count = look.take(listing, from, most);
  const { offsets } = look;
  const namesAt = addressOf(look.names.bytes);
  const statsAt = addressOf(look.stats);
  for (let i = 0; i < count; i++) put(looked, i, statxTo(dirfd, namesAt + (offsets[i] as number), statsAt + i * STATX));
  attributes.clear();
  listAttributes(dirfd, count, namesAt, offsets, look.plain, attributes);
  return count;
}

/**
 * The same of the next few names, up to and with the first that is a folder; plain files are opened, and stay so in
 * `files`, of which none may be open. The entries that come of the names are those from `entry` on.
 */
export function lookInto(
  looked: Looked,
  dirfd: number,
  listing: Listing,
  from: number,
  files: OpenFiles,
  entry: number,
): number {
  const { look, attributes } = looked;
  const count = look.take(listing, from, look.names.upToFolder(listing, from, OpenFiles.most, files.kinds));
  const { offsets, plain } = look;
  const namesAt = addressOf(look.names.bytes);
  const statsAt = addressOf(look.stats);
  files.open(dirfd, namesAt, offsets, count, entry);
  const { opened } = files;
  const { stats } = look;
  attributes.clear();
  for (let i = 0; i < count; i++) {
    const fd = opened[i] as number;
    const at = statsAt + i * STATX;
    put(looked, i, fd < 0 ? statxTo(dirfd, namesAt + (offsets[i] as number), at) : statxOf(fd, at));
    if (fd >= 0 && hasNoXattrs(fd)) plain[i] = 1;
    // Something else by now than its directory says: what is in it comes next all the same.
    if (((stats[i * STATX + MODE_AT + 1] as number) & 0xf0) === 0x40) return i + 1;
  }
  return count;
}

function put({ look, results }: Looked, index: number, result: number): void {
  results[index] = result;
  if (result !== 0) look.forget(index);
}
