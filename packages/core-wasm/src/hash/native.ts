import { createHash, type Hash, hash } from 'node:crypto';
import { KernelError } from '../error.ts';
import type { HashEngine, Hasher } from './contract.ts';

/** node:crypto: the processor's own SHA instructions where it has them. */
export class NativeHash implements HashEngine {
  readonly name = 'native';

  create(): Hasher {
    return new NativeHasher();
  }
  restore(): Hasher {
    throw new KernelError('invalid-state', 'node:crypto cannot continue a stored hash: use the WASM one');
  }
  many(messages: readonly Uint8Array[]): Uint8Array[] {
    // crypto.hash: one call a message instead of three
    return messages.map((message) => hash('sha256', message, 'buffer'));
  }
}

class NativeHasher implements Hasher {
  readonly #hash: Hash = createHash('sha256');

  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }
  digest(): Uint8Array {
    return this.#hash.digest();
  }
  save(): Uint8Array {
    throw new KernelError('invalid-state', 'node:crypto keeps its state to itself: use the WASM one');
  }
}
