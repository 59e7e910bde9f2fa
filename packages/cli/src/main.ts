import { lstatSync, type Stats, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { keepCompiled } from './compiled.ts';

// What bin/mica set is for this process alone, not for the programs that it starts.
if (process.env.MICA_TUNED) {
  delete process.env.MICA_TUNED;
  delete process.env.GLIBC_TUNABLES;
}
const isBundle = import.meta.filename.endsWith('.js');
const folder = compiledFolder();
if (folder !== undefined && !isBundle) enableCompileCache(folder);
const learn = folder !== undefined && isBundle ? keepCompiled(folder, commandOf(process.argv)) : undefined;
void start();

async function start(): Promise<void> {
  const { main } = await import('./program.ts');
  await main(process.argv);
  if (!process.exitCode) learn?.();
  // Not by the event loop's running dry: that would close the database, whose last user writes its log back
  // with three fsyncs (25 ms on a quiet disk, 300 on a busy one). The log is as durable, and the next command
  // reads on in it.
  process.exit();
}

/**
 * Where V8's compiled code is kept between commands. Node's own place for it is below /tmp, where another user
 * could put it first: only a folder whose owner runs this very file anyway, beside it or in their cache.
 */
function compiledFolder(): string | undefined {
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

/** The command's name, as far as it may be part of a file's. */
function commandOf([, , word]: readonly string[]): string {
  return word !== undefined && /^[a-z]{1,20}$/.test(word) ? word : 'other';
}
