import { enableCompileCache } from 'node:module';
import { keepCompiled } from './compiled.ts';
import { compiledFolder } from './compiled-folder.ts';

// What bin/mica set is for this process alone, not for the programs that it starts.
if (process.env.MICA_TUNED) {
  delete process.env.MICA_TUNED;
  delete process.env.GLIBC_TUNABLES;
}
const isBundle = import.meta.filename.endsWith('.js');
const folder = compiledFolder(isBundle);
if (folder !== undefined && !isBundle) enableCompileCache(folder);
const learn = folder !== undefined && isBundle ? keepCompiled(folder, commandOf(process.argv)) : undefined;
process.once('exit', endedEarly);
void start();

async function start(): Promise<void> {
  const { main, endAtOnce, ownProcess } = await import('./program.ts');
  ownProcess();
  await main(process.argv);
  process.off('exit', endedEarly);
  if (!process.exitCode) learn?.();
  // Not by the event loop's running dry: that would close the database, whose last user writes its log back
  // with three fsyncs (25 ms on a quiet disk, 300 on a busy one). The log is as durable, and the next command
  // reads on in it.
  endAtOnce(Number(process.exitCode ?? 0));
  process.exit();
}

/**
 * Nothing is left to wait for and the command has not come to its end: Node would exit with 0, or what was set on the
 * way, without a word. An exit by our own hand before the end (standard-output.ts) sets its code itself and says why.
 */
function endedEarly(code: number): void {
  if (code !== 0 || process.exitCode !== undefined) return;
  process.stderr.write('mica: the command ended before its work was done, and nothing says why: run it again\n');
  process.exitCode = 1;
}

/** The command's name, as far as it may be part of a file's, and the way that `commit` goes: each has code of its own. */
function commandOf([, , word, ...more]: readonly string[]): string {
  if (word === undefined || !/^[a-z]{1,20}$/.test(word)) return 'other';
  const ways = word === 'commit' ? ['incremental', 'all', 'tag', 'from'] : [];
  const way = ways.find((name) => more.includes(`--${name}`));
  return way === undefined ? word : `${word}-${way}`;
}
