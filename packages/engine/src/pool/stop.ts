/** The part of an AbortSignal that a long task looks at: once a file, once a buffer. */
export type StopSignal = Pick<AbortSignal, 'aborted' | 'throwIfAborted'>;

/**
 * What a stopped operation fails with: its signal's own reason, as Node's do, and not with the words of whatever a stop
 * reaches first, another thread, a stream or a connection.
 */
export function reasonOf(error: unknown, signal: AbortSignal | undefined): unknown {
  return signal?.aborted ? signal.reason : error;
}

/** A stop of its own, beside another's: of what was begun for a task and is waited for no more when that failed. */
export class EitherStop implements StopSignal {
  readonly #other: StopSignal | undefined;
  #isOwn = false;

  constructor(other: StopSignal | undefined) {
    this.#other = other;
  }
  get aborted(): boolean {
    return this.#isOwn || (this.#other?.aborted ?? false);
  }
  abort(): void {
    this.#isOwn = true;
  }
  throwIfAborted(): void {
    this.#other?.throwIfAborted();
    if (this.#isOwn) throw new DOMException('This operation was aborted', 'AbortError');
  }
}

/**
 * A stop that reaches every thread at once: workers poll shared memory. Aborting a thread's task by
 * ending the thread would skip what it has to undo, a frozen container first of all.
 */
export class SharedStop implements StopSignal {
  readonly flag: Int32Array<SharedArrayBuffer>;

  constructor(flag = new Int32Array(new SharedArrayBuffer(4))) {
    this.flag = flag;
  }
  get aborted(): boolean {
    return Atomics.load(this.flag, 0) !== 0;
  }
  abort(): void {
    Atomics.store(this.flag, 0, 1);
  }
  throwIfAborted(): void {
    if (this.aborted) throw new DOMException('This operation was aborted', 'AbortError');
  }
  /** Follows a signal of this thread until disposed of. */
  static of(signal: AbortSignal | undefined): SharedStop & Disposable {
    const stop = new SharedStop();
    const abort = () => stop.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    return Object.assign(stop, { [Symbol.dispose]: () => signal?.removeEventListener('abort', abort) });
  }
}
