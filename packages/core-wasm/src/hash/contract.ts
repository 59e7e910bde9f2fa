/**
 * SHA-256 (FIPS 180-4), one contract and two implementations that answer the same suite.
 *
 * A {@link Hasher} is one message in progress: `update` in chunks of any size, then `digest` once;
 * after that it is spent. It owns nothing that has to be closed.
 */
export interface Hasher {
  update(bytes: Uint8Array): this;
  /** The 32 bytes of the digest. */
  digest(): Uint8Array;
  /**
   * The mid-state, 105 bytes: version, 8 words of state, bytes so far, the partial block. Stored, and
   * restored in another process or worker, the hash goes on from there. Throws `invalid-state` where
   * the implementation keeps its state to itself (node:crypto).
   */
  save(): Uint8Array;
}

export interface HashEngine {
  readonly name: 'wasm' | 'native';
  create(): Hasher;
  /** Continues from {@link Hasher.save}. Throws `invalid-state` on bytes that are no mid-state. */
  restore(state: Uint8Array): Hasher;
  /** Digests of whole messages, in their order. */
  many(messages: readonly Uint8Array[]): Uint8Array[];
}
