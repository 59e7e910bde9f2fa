/** How far the buffer is filled; `hole`: with zeros that no disk block holds. */
export interface Filled {
  length: number;
  hole: boolean;
}

/** Somebody who sees the bytes of one file. */
export interface Watch {
  update(bytes: Uint8Array): void;
  done(): void;
}

/**
 * The buffer that a layer is packed into: filled, given out, and the next one asked for. What is given out is the
 * caller's until it resumes; `complete` sees to it that all that was noted for the buffer is in it.
 */
export class Filling {
  readonly #next: () => Uint8Array;
  readonly #complete: () => void;
  readonly #filled: Filled = { length: 0, hole: false };
  buffer: Uint8Array;
  /** Bytes in it. */
  length = 0;
  /** Who sees what is put there, while it is one file's. */
  watch: Watch | null = null;

  constructor(next: () => Uint8Array, complete: () => void) {
    this.#next = next;
    this.#complete = complete;
    this.buffer = next();
  }

  get room(): number {
    return this.buffer.length - this.length;
  }

  *zeros(count: number): Generator<Filled, void> {
    for (let left = count; left > 0; ) {
      const n = Math.min(this.room, left);
      this.buffer.fill(0, this.length, this.length + n);
      left -= n;
      yield* this.seen(n, n === this.buffer.length);
    }
  }

  *put(bytes: Uint8Array): Generator<Filled, void> {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(this.room, bytes.length - at);
      this.buffer.set(bytes.subarray(at, at + n), this.length);
      at += n;
      yield* this.#by(n);
    }
  }

  /** So many bytes more are in it, of the file that is watched. */
  *seen(count: number, hole = false): Generator<Filled, void> {
    this.watch?.update(this.buffer.subarray(this.length, this.length + count));
    yield* this.#by(count, hole);
  }

  /** Nothing follows. */
  *end(): Generator<Filled, void> {
    yield* this.#flush();
  }

  *#by(count: number, hole = false): Generator<Filled, void> {
    this.length += count;
    if (this.length === this.buffer.length) yield* this.#flush(hole);
  }

  *#flush(hole = false): Generator<Filled, void> {
    if (this.length === 0) return;
    this.#complete();
    this.#filled.length = this.length;
    this.#filled.hole = hole;
    yield this.#filled;
    this.buffer = this.#next();
    this.length = 0;
  }
}
