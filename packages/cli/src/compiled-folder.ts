import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Where V8's compiled code is kept between commands. Node's own place for it is below /tmp, where another user
 * could put it first: only a folder whose owner runs this very file anyway, beside it or in their cache. Nowhere for
 * who counts what is run: V8 compiles the counting in, and all later commands would do it (10,000 files took 3 ms more).
 */
export function compiledFolder(isBundle: boolean): string | undefined {
  if (process.env.NODE_V8_COVERAGE) return undefined;
  const beside = import.meta.dirname;
  if (isBundle && statSync(beside).uid === process.getuid?.()) return join(beside, 'compiled');
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  return cache && isAbsolute(cache) && isOwn(cache) ? join(cache, 'mica') : undefined;
}

/** sudo may leave HOME as it was: root would run what that user put there, and leave them a folder that is root's. */
function isOwn(cache: string): boolean {
  const find = { throwIfNoEntry: false } as const;
  const mine = (found: Stats | undefined) => found?.isDirectory() && found.uid === process.getuid?.();
  try {
    const kept = lstatSync(join(cache, 'mica'), find);
    if (kept) return mine(kept) === true && (kept.mode & 0o022) === 0;
    return mine(statSync(cache, find) ?? statSync(dirname(cache), find)) === true;
  } catch {
    return false;
  }
}
