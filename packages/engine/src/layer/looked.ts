import { type Listing, LOOK, type Look } from '@mica/core-wasm';
import { STATX_ARGUMENTS } from '../system/beneath.ts';
import { CALL, CallList, putLong } from '../system/call-list.ts';
import { addressOf } from '../system/library.ts';
import { findPlain, listAttributes } from '../system/xattr.ts';
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
  stat(looked, dirfd, namesAt, count);
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
  const namesAt = addressOf(look.names.bytes);
  files.open(dirfd, namesAt, look.offsets, count, entry);
  stat(looked, dirfd, namesAt, count, files.opened);
  attributes.clear();
  findPlain(files.opened, count, look.plain);
  // Something else by now than its directory says: what is in it comes next all the same.
  const { stats } = look;
  for (let i = 0; i < count; i++) if (((stats[i * STATX + MODE_AT + 1] as number) & 0xf0) === 0x40) return i + 1;
  return count;
}

let stats: CallList | undefined;
function makeStats(): CallList {
  const calls = new CallList('statx', LOOK);
  calls.fill(3, STATX_ARGUMENTS.basicStats);
  return calls;
}
const noName = new Uint8Array(1);
let noNameAt = 0;

/** The struct statx of each name, of its file where that is open; or why there is none. */
function stat({ look, results }: Looked, dirfd: number, namesAt: number, count: number, opened?: Int32Array): void {
  stats ??= makeStats();
  const calls = stats;
  const { words } = calls;
  const { offsets } = look;
  const { ofName, ofFile } = STATX_ARGUMENTS;
  const statsAt = addressOf(look.stats);
  noNameAt ||= addressOf(noName);
  for (let i = 0; i < count; i++) {
    const at = i * CALL.words + CALL.arguments;
    const fd = opened?.[i] ?? -1;
    words[at] = fd < 0 ? dirfd : fd;
    putLong(words, at + 2, fd < 0 ? namesAt + (offsets[i] as number) : noNameAt);
    words[at + 4] = fd < 0 ? ofName : ofFile;
    putLong(words, at + 8, statsAt + i * STATX);
  }
  calls.run(count);
  for (let i = 0; i < count; i++) {
    const result = calls.result(i);
    results[i] = result;
    if (result !== 0) look.forget(i);
  }
}
