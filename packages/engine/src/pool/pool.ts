import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { MicaError } from '../error.ts';
import { shareCode } from '../system/call-code.ts';
import { threadFile } from './thread.ts';

/** What a thread can do; tasks.ts has a handler for each. */
export type TaskName = 'make-layer' | 'unpack-layer' | 'unpack-stream';

/** A task's answer as it crosses threads: an error class does not survive the passage, its parts do. */
export type Answer<T> = { readonly value: T } | { readonly error: SentError };
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly subject?: string;
  readonly hint?: string;
  readonly exitCode?: number;
  readonly stack?: string;
}

/**
 * A thread's new objects, MiB: hardly one of them outlives a file, so more room is but more fresh pages. Left to
 * V8 a thread's grew by 8 MiB in a batch of a thousand, and all of a batch of twenty took 3 % longer.
 */
const YOUNG_MIB = 3;

/** The launcher's bound for the main thread: V8 puts it above a thread's own limit, and looks whenever it makes a heap. */
const MAIN_THREADS = '--max-semi-space-size';

/** Threads for tasks, as many as there are processors unless told otherwise. Whoever makes it closes it. */
export class Pool {
  readonly size: number;
  readonly #piscina: Promise<Piscina>;
  /** Those who wait for a task's end. */
  readonly #waiting = new Set<(error: unknown) => void>();

  constructor(jobs: number | undefined) {
    this.size = jobs ?? availableParallelism();
    this.#piscina = start(this.size).then((piscina) =>
      // Of a thread that had no task. Fewer go on; without any nobody would take what waits. Unheard, it would end the process.
      piscina.on('error', (error) => {
        if (piscina.threads.length === 0) for (const fail of this.#waiting) fail(error);
      }),
    );
    this.#piscina.catch(() => {}); // each task hears of it
  }

  /** Runs a task to its end. It is not interrupted: stop it through shared memory ({@link SharedStop}). */
  async run<T>(task: TaskName, message: unknown, transferList: readonly object[] = []): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<T>>();
    this.#waiting.add(reject);
    try {
      const piscina = await this.#piscina;
      piscina.run({ task, message }, { transferList: [...transferList] as never }).then(resolve, reject);
      const answer = await promise;
      if ('error' in answer) throw received(answer.error);
      return answer.value;
    } catch (error) {
      throw notStarted(error);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** Its threads are on their way, or cannot be had, which each task hears: what a caller does then it does beside their start. */
  async started(): Promise<void> {
    await this.#piscina.catch(() => {});
  }

  async close(): Promise<void> {
    const piscina = await this.#piscina.catch(() => null);
    await piscina?.destroy();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Piscina costs 3 ms to load (bundled; 9 file by file), node:v8 7, a thread 13: only those who need threads pay. */
async function start(size: number): Promise<Piscina> {
  if (process.execArgv.some((flag) => flag.startsWith(MAIN_THREADS)))
    (await import('node:v8')).setFlagsFromString(`${MAIN_THREADS}=0`);
  shareCode();
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: threadFile('tasks').href,
    minThreads: size,
    maxThreads: size,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    trackUnmanagedFds: false, // descriptors come from openat2, which Node does not see
    maxQueue: Number.POSITIVE_INFINITY, // callers keep at most twice as many tasks as threads in it
  });
}

/** What a thread wants and the system does not give is named in Node's message by its errno. */
function notStarted(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INIT_FAILED') return error;
  return new MicaError('limit-exceeded', `a thread could not be started: ${(error as Error).message}`, {
    hint: 'ulimit -n, ulimit -u and the control group (pids.max) show what this process may have: allow more, or --jobs 1',
    cause: error,
  });
}

export function sent(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack = '' } = error;
  if (!(error instanceof MicaError)) return { name, message, stack };
  const { code, subject, hint, exitCode } = error;
  return { name, message, stack, code, exitCode, ...(subject ? { subject } : {}), ...(hint ? { hint } : {}) };
}

function received(error: SentError): Error {
  if (error.name === 'AbortError') return new DOMException(error.message, 'AbortError');
  const cause = error.stack;
  if (error.code === undefined) return new Error(error.message, { cause });
  const { subject, hint, exitCode } = error;
  return new MicaError(error.code as MicaError['code'], error.message, {
    cause,
    ...(subject ? { subject } : {}),
    ...(hint ? { hint } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
  });
}
