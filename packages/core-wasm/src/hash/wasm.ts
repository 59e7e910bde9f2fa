import { KernelError } from '../error.ts';
import { guarded, type KernelExports } from '../kernel/instance.ts';
import type { HashEngine, Hasher } from './contract.ts';
import { Pace } from './pace.ts';

const STATE = 104; // assembly/hash/sha256.ts: 8 words, u64 count, partial block
const VERSION = 1;
const BUFFER = 65536;
/** Messages of one batch together: what is copied into linear memory at a time. */
const BATCH = 8 << 20;
/** A batch that is worth a look at the clock. */
const MEASURED = 1 << 16;

/**
 * The WASM kernels: scalar for a stream; for many messages four SIMD lanes, and a fifth message in the integer units
 * beside them where that is faster. A hasher's state is kept
 * outside linear memory between calls, so hashers need no closing and may outlive any arena scope.
 */
export class WasmHash implements HashEngine {
  readonly name = 'wasm';
  readonly #kernel: KernelExports;
  /** Four at a time, or five. */
  readonly #pace = new Pace();

  constructor(kernel: KernelExports) {
    this.#kernel = kernel;
  }

  create(): Hasher {
    const state = new Uint8Array(STATE);
    const kernel = this.#kernel;
    const mark = kernel.mark();
    const at = guarded(() => kernel.sha256New());
    state.set(new Uint8Array(kernel.memory.buffer, at, STATE));
    kernel.release(mark);
    return new WasmHasher(kernel, state);
  }

  restore(saved: Uint8Array): Hasher {
    if (saved.length !== STATE + 1 || saved[0] !== VERSION)
      throw new KernelError('invalid-state', 'not the mid-state of a hash, or one of another version');
    return new WasmHasher(this.#kernel, saved.slice(1));
  }

  /** `atOnce` at a time; the faster of both where it is not said. */
  many(messages: readonly Uint8Array[], atOnce?: 4 | 5): Uint8Array[] {
    const digests: Uint8Array[] = [];
    let from = 0;
    while (from < messages.length) {
      let to = from;
      let bytes = 0;
      do bytes += (messages[to++] as Uint8Array).length;
      while (to < messages.length && bytes + (messages[to] as Uint8Array).length <= BATCH);
      this.#batch(messages.slice(from, to), bytes, digests, atOnce);
      from = to;
    }
    return digests;
  }

  #batch(messages: readonly Uint8Array[], bytes: number, digests: Uint8Array[], atOnce?: 4 | 5): void {
    const kernel = this.#kernel;
    const mark = kernel.mark();
    try {
      // 16 bytes of slack: an idle lane's vector load may read past the last message.
      const data = guarded(() => kernel.alloc(bytes + 64));
      const list = guarded(() => kernel.alloc(messages.length * 8));
      const out = guarded(() => kernel.alloc(messages.length * 32));
      const pairs = new Uint32Array(kernel.memory.buffer, list, messages.length * 2);
      const memory = new Uint8Array(kernel.memory.buffer);
      let at = data;
      messages.forEach((message, i) => {
        memory.set(message, at);
        pairs[i * 2] = at;
        pairs[i * 2 + 1] = message.length;
        at += message.length;
      });
      const hash = (ride: 0 | 1) => guarded(() => kernel.sha256Many(list, messages.length, out, ride));
      if (atOnce !== undefined) hash(atOnce === 5 ? 1 : 0);
      else if (messages.length < 5 || bytes < MEASURED) hash(0);
      else this.#pace.run(bytes, hash);
      for (let i = 0; i < messages.length; i++)
        digests.push(new Uint8Array(kernel.memory.buffer, out + i * 32, 32).slice());
    } finally {
      kernel.release(mark);
    }
  }
}

class WasmHasher implements Hasher {
  readonly #kernel: KernelExports;
  readonly #state: Uint8Array;

  constructor(kernel: KernelExports, state: Uint8Array) {
    this.#kernel = kernel;
    this.#state = state;
  }

  update(bytes: Uint8Array): this {
    const kernel = this.#kernel;
    const mark = kernel.mark();
    const inside = bytes.buffer === kernel.memory.buffer;
    const { byteOffset, length } = bytes; // a memory that grows takes them away
    // Behind the arena's end, as a packer's header is, the state would be written over it.
    if (inside && byteOffset + length > mark) return this.update(bytes.slice());
    const state = guarded(() => kernel.alloc(STATE));
    const buffer = inside ? 0 : guarded(() => kernel.alloc(Math.min(BUFFER, bytes.length)));
    new Uint8Array(kernel.memory.buffer, state, STATE).set(this.#state);
    if (inside) kernel.sha256Update(state, byteOffset, length);
    else
      for (let at = 0; at < bytes.length; at += BUFFER) {
        const part = bytes.subarray(at, at + BUFFER);
        new Uint8Array(kernel.memory.buffer, buffer, part.length).set(part);
        kernel.sha256Update(state, buffer, part.length);
      }
    this.#state.set(new Uint8Array(kernel.memory.buffer, state, STATE));
    kernel.release(mark);
    return this;
  }

  digest(): Uint8Array {
    const kernel = this.#kernel;
    const mark = kernel.mark();
    const state = guarded(() => kernel.alloc(STATE));
    const out = guarded(() => kernel.alloc(32));
    new Uint8Array(kernel.memory.buffer, state, STATE).set(this.#state);
    kernel.sha256Final(state, out);
    const digest = new Uint8Array(kernel.memory.buffer, out, 32).slice();
    kernel.release(mark);
    return digest;
  }

  save(): Uint8Array {
    const saved = new Uint8Array(STATE + 1);
    saved[0] = VERSION;
    saved.set(this.#state, 1);
    return saved;
  }
}
