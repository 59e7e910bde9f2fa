import type { HashEngine } from '@mica/core-wasm';

/**
 * A ring of buffers that one thread fills and another hashes. `state` counts buffers given and
 * buffers hashed; `lengths` has the bytes in each slot. Shared memory only: it goes to a worker as it is.
 */
export interface HashRing {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly lengths: Int32Array<SharedArrayBuffer>;
  readonly slots: readonly Uint8Array<SharedArrayBuffer>[];
  readonly digest: Uint8Array<SharedArrayBuffer>;
}

export const GIVEN = 0;
export const HASHED = 1;
/** A length that ends the message. */
export const END = -1;

export function makeRing(slots: number, bytes: number): HashRing {
  return {
    state: new Int32Array(new SharedArrayBuffer(8)),
    lengths: new Int32Array(new SharedArrayBuffer(slots * 4)),
    slots: Array.from({ length: slots }, () => new Uint8Array(new SharedArrayBuffer(bytes))),
    digest: new Uint8Array(new SharedArrayBuffer(32)),
  };
}

/** The hashing side, to the end of the message. */
export function runHashRing(ring: HashRing, engine: HashEngine): void {
  const { state, lengths, slots } = ring;
  const hasher = engine.create();
  for (let at = 0; ; at++) {
    Atomics.wait(state, GIVEN, at);
    const slot = at % slots.length;
    const length = lengths[slot] as number;
    if (length === END) break;
    hasher.update((slots[slot] as Uint8Array).subarray(0, length));
    Atomics.store(state, HASHED, at + 1);
    Atomics.notify(state, HASHED);
  }
  ring.digest.set(hasher.digest());
  Atomics.add(state, HASHED, 1);
  Atomics.notify(state, HASHED);
}
