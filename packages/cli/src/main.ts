import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// What bin/mica set is for this process alone, not for the programs that it starts.
if (process.env.MICA_TUNED) {
  delete process.env.MICA_TUNED;
  delete process.env.GLIBC_TUNABLES;
}
const compiled = process.env.NODE_COMPILE_CACHE ?? compileCache();
if (compiled !== undefined) enableCompileCache(compiled);
void start();

async function start(): Promise<void> {
  const { main } = await import('./program.ts');
  await main(process.argv);
  // Not by the event loop's running dry: that would close the database, whose last user writes its log back
  // with three fsyncs (25 ms on a quiet disk, 300 on a busy one). The log is as durable, and the next command
  // reads on in it.
  process.exit();
}

/**
 * Where V8's compiled code is kept between commands. Node's own place for it is below /tmp, where another user
 * could put it first: only a folder whose owner runs this very file anyway, beside it or in their cache.
 */
function compileCache(): string | undefined {
  const beside = import.meta.dirname;
  const isBundle = import.meta.filename.endsWith('.js');
  if (isBundle && statSync(beside).uid === process.getuid?.()) return join(beside, 'compiled');
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  return cache ? join(cache, 'mica') : undefined;
}
