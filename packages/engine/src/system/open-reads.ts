import { CALL, CallList, putLong } from './call-list.ts';
import { addressOf } from './library.ts';

const MOST = 64;
const RWF_NOWAIT = 8;
const IOVEC_WORDS = 4;

/** Files that are open, read from their beginnings by one call from JavaScript (call-list.ts), as far as they are in memory. */
export class OpenReads {
  readonly #calls = new CallList('preadv2', MOST);
  /** A struct iovec each: address and length, 64 bits each. */
  readonly #iovecs = new Uint32Array(new ArrayBuffer(MOST * IOVEC_WORDS * 4));
  #count = 0;

  constructor() {
    const { words } = this.#calls;
    const at = addressOf(this.#iovecs);
    for (let read = 0; read < MOST; read++)
      putLong(words, read * CALL.words + CALL.arguments + 2, at + read * IOVEC_WORDS * 4);
    this.#calls.fill(2, 1);
    this.#calls.fill(5, RWF_NOWAIT);
  }

  get isFull(): boolean {
    return this.#count === MOST;
  }

  /** Up to `length` bytes shall be read to that address. */
  add(fd: number, into: number, length: number): void {
    const read = this.#count++;
    this.#calls.words[read * CALL.words + CALL.arguments] = fd;
    putLong(this.#iovecs, read * IOVEC_WORDS, into);
    this.#iovecs[read * IOVEC_WORDS + 2] = length;
  }

  /** Reads what was added; nothing is, from then on. */
  run(): void {
    if (this.#count > 0) this.#calls.run(this.#count);
    this.#count = 0;
  }

  /** How many bytes of the read of that number came by the last run, or the errno negated: EAGAIN where none are in memory. */
  length(read: number): number {
    return this.#calls.result(read);
  }
}
