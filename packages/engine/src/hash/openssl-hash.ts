import { type HashEngine, type Hasher, KernelError, NativeHash } from '@mica/core-wasm';
import { type AsyncCall, addressOf, native } from '../system/library.ts';

const INIT = 'int SHA256_Init(void *context)';
const UPDATE = 'int SHA256_Update(void *context, const void *bytes, size_t length)';
/** For another thread: of bytes that are not told by their address koffi makes a copy first, 170 us for 1 MiB. */
const UPDATE_AT = 'int SHA256_Update(uint64_t context, uint64_t bytes, size_t length)';
const FINAL = 'int SHA256_Final(void *out, void *context)';
const WHOLE = 'void *SHA256(const void *bytes, size_t length, void *out)';

// SHA256_CTX (openssl/sha.h), 32-bit words: 8 of state, bits so far (low, high), the partial block of 16, its bytes.
const WORDS = 28;
const BITS = 8;
const BLOCK = 10;
const FILLED = 26;
const LENGTH = 27;
const DIGEST = 32;

/**
 * SHA-256 of the OpenSSL that Node has in it, called directly: node:crypto takes 10 ms to load, in each thread
 * again, and 1.5 µs more for each message. And it shows its mid-state, in the form of the WASM kernel's: either
 * goes on where the other stopped.
 */
export class OpensslHash implements HashEngine {
  readonly name = 'native';

  create(): Hasher {
    const context = new Uint32Array(WORDS);
    native(INIT)(context);
    return new OpensslHasher(context);
  }

  restore(saved: Uint8Array): Hasher {
    if (saved.length !== SAVED || saved[0] !== VERSION)
      throw new KernelError('invalid-state', 'not the mid-state of a hash, or one of another version');
    const view = new DataView(saved.buffer, saved.byteOffset, saved.length);
    const context = new Uint32Array(WORDS);
    for (let word = 0; word < 8; word++) context[word] = view.getUint32(1 + word * 4, true);
    const bytes = view.getBigUint64(COUNT_AT, true);
    context[BITS] = Number((bytes << 3n) & 0xffffffffn);
    context[BITS + 1] = Number((bytes >> 29n) & 0xffffffffn);
    new Uint8Array(context.buffer, BLOCK * 4, 64).set(saved.subarray(BLOCK_AT));
    context[FILLED] = Number(bytes & 63n);
    context[LENGTH] = DIGEST;
    return new OpensslHasher(context);
  }

  many(messages: readonly Uint8Array[]): Uint8Array[] {
    return messages.map((message) => {
      const out = new Uint8Array(DIGEST);
      native(WHOLE)(message, message.length, out);
      return out;
    });
  }
}

// What the WASM kernel saves (core-wasm/src/hash/wasm.ts): a version, 8 words, bytes so far, the partial block.
const VERSION = 1;
const COUNT_AT = 33;
const BLOCK_AT = 41;
const SAVED = 105;

/** A hash in the making that can go on in another thread. */
export class OpensslHasher implements Hasher {
  readonly #context: Uint32Array;

  constructor(context: Uint32Array) {
    this.#context = context;
  }
  update(bytes: Uint8Array): this {
    native(UPDATE)(this.#context, bytes, bytes.length);
    return this;
  }
  /** The same in a thread of libuv's: until it resolves, the bytes and this hash are not to be touched. */
  async updateBeside(bytes: Uint8Array): Promise<void> {
    const context = this.#context;
    await new Promise<void>((resolve, reject) =>
      (native(UPDATE_AT) as AsyncCall).async(addressOf(context), addressOf(bytes), bytes.length, (error: unknown) =>
        error ? reject(error) : resolve(),
      ),
    );
    bytes.at(context.length); // both are held until now: the native side does not
  }
  digest(): Uint8Array {
    const out = new Uint8Array(DIGEST);
    native(FINAL)(out, this.#context);
    return out;
  }
  save(): Uint8Array {
    const context = this.#context;
    const saved = new Uint8Array(SAVED);
    const view = new DataView(saved.buffer);
    saved[0] = VERSION;
    for (let word = 0; word < 8; word++) view.setUint32(1 + word * 4, context[word] as number, true);
    const bits = BigInt(context[BITS] as number) | (BigInt(context[BITS + 1] as number) << 32n);
    view.setBigUint64(COUNT_AT, bits >> 3n, true);
    saved.set(new Uint8Array(context.buffer, BLOCK * 4, context[FILLED] as number), BLOCK_AT);
    return saved;
  }
}

let engine: HashEngine | undefined;

/** This processor's fastest SHA-256, with its SHA instructions if it has them; node:crypto's where Node hides its OpenSSL. */
export function nativeHash(): HashEngine {
  if (engine === undefined) {
    const direct = new OpensslHash();
    engine = works(direct) ? direct : new NativeHash();
  }
  return engine;
}

/** Another OpenSSL's context may lie otherwise in memory: one known digest by way of a mid-state tells. */
function works(hash: OpensslHash): boolean {
  try {
    const half = hash.create().update(Buffer.from('ab')).save();
    const digest = hash.restore(half).update(Buffer.from('c')).digest();
    return Buffer.from(digest).toString('hex') === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  } catch {
    return false;
  }
}
