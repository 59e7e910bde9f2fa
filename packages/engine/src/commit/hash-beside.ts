import type { OpensslHasher } from '../hash/openssl-hash.ts';
import { makePagesBeside } from '../system/huge-pages.ts';
import { preferThisThread } from '../system/own-process.ts';
import { BUFFER_BYTES, freshBytes, type LayerHash } from './layer-hash.ts';

/**
 * Hashes in libuv's threads, all that is given at once by one call. A thread of Node's of its own would be there
 * 100 ms later, when 10,000 small files are half read. A call takes two buffers at least, unless they are waited for: to
 * wake a thread and to hear of its end takes 30 us of this one.
 */
export class HashBeside implements LayerHash {
  readonly #hasher: OpensslHasher;
  readonly #slots: number;
  readonly #all: Uint8Array<ArrayBuffer>;
  readonly #lengths: number[];
  readonly #onError: (error: unknown) => void;
  #given = 0;
  #hashed = 0;
  #running: Promise<void> | null = null;

  /** `onError` is told of what goes wrong; what waits for it resolves all the same. */
  constructor(hasher: OpensslHasher, slots: number, onError: (error: unknown) => void) {
    this.#hasher = hasher;
    this.#slots = slots;
    this.#all = freshBytes(slots * BUFFER_BYTES);
    makePagesBeside(this.#all);
    this.#lengths = new Array(slots).fill(0);
    this.#onError = onError;
  }

  buffer(slot: number): Uint8Array<ArrayBuffer> {
    return this.#all.subarray(slot * BUFFER_BYTES, (slot + 1) * BUFFER_BYTES);
  }

  give(slot: number, length: number): void {
    this.#lengths[slot] = length;
    this.#given++;
    if (this.#given - this.#hashed >= 2) this.#running ??= this.#run();
  }

  isHashed(count: number): boolean {
    return this.#hashed >= count;
  }
  async hashed(count: number): Promise<void> {
    while (this.#hashed < count) {
      this.#running ??= this.#run();
      await this.#running;
    }
  }
  async digest(): Promise<Uint8Array> {
    await this.hashed(this.#given);
    return this.#hasher.digest();
  }
  async close(): Promise<void> {
    await this.hashed(this.#given);
  }

  /** What lies side by side, up to the end of the buffers. */
  async #run(): Promise<void> {
    preferThisThread();
    const from = this.#hashed % this.#slots;
    let count = 0;
    let length = 0;
    do length += this.#lengths[from + count++] as number;
    while (from + count < this.#slots && this.#hashed + count < this.#given && length === count * BUFFER_BYTES);
    try {
      await this.#hasher.updateBeside(this.#all.subarray(from * BUFFER_BYTES, from * BUFFER_BYTES + length));
    } catch (error) {
      this.#onError(error);
    }
    this.#hashed += count;
    this.#running = this.#hashed < this.#given ? this.#run() : null;
  }
}
