import { existsSync } from 'node:fs';

/** Files that run in threads of their own, by name: where they stand in the sources, and beside the bundle. */
const entries = {
  'hash-thread': '../commit/hash-thread',
  tasks: '../tasks',
} as const;
type ThreadName = keyof typeof entries;

/** The file of a thread: TypeScript from a checkout, a script of its own beside the bundle. */
export function threadFile(name: ThreadName): URL {
  const source = new URL(`${entries[name]}.ts`, import.meta.url);
  return existsSync(source) ? source : new URL(`./${name}.js`, import.meta.url);
}

/**
 * Starts a thread. `failed` never resolves: it rejects if the thread ends by an error. The caller calls `stop`, which
 * resolves once the thread and what it held are gone.
 */
export function startThread(
  name: ThreadName,
  data: unknown,
): { readonly failed: Promise<never>; stop(): Promise<unknown> } {
  const { Worker } = process.getBuiltinModule('node:worker_threads'); // 1 ms that others need not pay
  const worker = new Worker(threadFile(name), { workerData: data });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  failed.catch(() => {}); // whoever waits hears of it
  return { failed, stop: () => worker.terminate() };
}
