import type { HashEngine } from '@mica/core-wasm';
import { startThread } from '../pool/thread.ts';
import { END, GIVEN, HASHED, type HashRing, makeRing } from './hash-ring.ts';
import { BUFFER_BYTES, type LayerHash } from './layer-hash.ts';

/** Hashes in a thread of its own, through a ring of buffers that both see. */
export class HashInThread implements LayerHash {
  readonly #ring: HashRing;
  readonly #thread: ReturnType<typeof startThread>;
  #given = 0;

  /** `onError` is told when the thread breaks; what waits for it is rejected as well. */
  constructor(engine: HashEngine, slots: number, onError: (error: unknown) => void) {
    this.#ring = makeRing(slots, BUFFER_BYTES);
    this.#thread = startThread('hash-thread', { ring: this.#ring, hasher: engine.name });
    this.#thread.failed.catch(onError);
  }

  buffer(slot: number): Uint8Array {
    return this.#ring.slots[slot] as Uint8Array;
  }

  give(slot: number, length: number): void {
    this.#ring.lengths[slot] = length;
    this.#given++;
    Atomics.store(this.#ring.state, GIVEN, this.#given);
    Atomics.notify(this.#ring.state, GIVEN);
  }

  isHashed(count: number): boolean {
    return Atomics.load(this.#ring.state, HASHED) >= count;
  }
  async hashed(count: number): Promise<void> {
    const { state } = this.#ring;
    for (let done = Atomics.load(state, HASHED); done < count; done = Atomics.load(state, HASHED)) {
      const wait = Atomics.waitAsync(state, HASHED, done);
      if (wait.async) await Promise.race([wait.value, this.#thread.failed]);
    }
  }

  async digest(): Promise<Uint8Array> {
    this.give(this.#given % this.#ring.slots.length, END);
    await this.hashed(this.#given);
    return this.#ring.digest;
  }
  async close(): Promise<void> {
    await this.#thread.stop();
  }
}
