import type { HashEngine } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { OpensslHasher } from '../hash/openssl-hash.ts';
import type { Digest } from '../reference/digest.ts';
import type { Filled } from './filling.ts';
import { HashBeside } from './hash-beside.ts';
import { HashHere } from './hash-here.ts';
import { HashInThread } from './hash-in-thread.ts';
import { LayerFile, type LayerFileOptions } from './layer-file.ts';
import type { LayerHash } from './layer-hash.ts';

/**
 * Where a layer is hashed: `alone` and `here`, on this thread, which in the first case does all else, too, and wakes no
 * other; `beside`, in one of libuv's; `thread`, in one of Node's own.
 */
export type SinkKind = 'alone' | 'here' | 'beside' | 'thread';

export interface SinkOptions extends Omit<LayerFileOptions, 'here'> {
  readonly hasher: HashEngine;
  readonly kind: SinkKind;
}

/**
 * Buffers: with a thread of its own as many as keep it and the disk busy; else one is written while the next is filled,
 * if it takes another thread for that.
 */
const SLOTS: Readonly<Record<SinkKind, number>> = { alone: 4, here: 4, beside: 4, thread: 8 };

/**
 * Where a layer's bytes go: hashed and written to a new file at the same time, in other threads where that pays
 * ({@link SinkKind}), while the caller fills the next buffer of the ring.
 * The caller ends it with `finish`, or `abort`, which removes the file.
 */
export class LayerSink {
  readonly #file: LayerFile;
  readonly #kind: SinkKind;
  readonly #slots: number;
  readonly #hash: LayerHash;
  readonly #writes: (Promise<void> | undefined)[];
  #slot = 0;
  #given = 0;
  #size = 0;
  #failure: unknown;
  #open = true;

  constructor(file: string, options: SinkOptions) {
    const { kind } = options;
    // To wake other threads for a copy costs more than the copy, and over there that and the hashing wait for each other.
    this.#file = new LayerFile(file, { ...options, here: kind === 'alone' || kind === 'beside' });
    this.#kind = kind;
    this.#slots = SLOTS[kind];
    try {
      this.#hash = this.#hashOf(options.hasher);
    } catch (error) {
      this.#file.close(false).catch(() => {}); // nobody has this sink yet; why it has none is what is told
      this.#file.remove();
      throw error;
    }
    this.#writes = new Array(this.#slots);
  }

  #hashOf(engine: HashEngine): LayerHash {
    const onError = (error: unknown) => this.#fail(error);
    if (this.#kind === 'thread') return new HashInThread(engine, this.#slots, onError);
    const hasher = engine.create();
    if (this.#kind === 'beside' && hasher instanceof OpensslHasher) return new HashBeside(hasher, this.#slots, onError);
    return new HashHere(hasher);
  }

  get size(): number {
    return this.#size;
  }
  /** The buffer to fill next. */
  get buffer(): Uint8Array {
    return this.#hash.buffer(this.#slot);
  }

  /** Takes the buffer as filled; the next one is free once this returns null or what it returns resolves. */
  push(filled: Filled): Promise<void> | null {
    const slot = this.#slot;
    const bytes = this.buffer.subarray(0, filled.length);
    if (!filled.hole) this.#write(bytes, slot);
    this.#size += filled.length;
    this.#hash.give(slot, filled.length);
    this.#given++;
    if (this.#failure !== undefined) throw this.#failure;
    // One that is hashed and written by now lies in the processor's cache: a layer of 9 MiB goes through it alone.
    if (this.#kind === 'alone' && this.#writes[slot] === undefined) return null;
    const next = (slot + 1) % this.#slots;
    this.#slot = next;
    if (this.#writes[next] === undefined && this.#hash.isHashed(this.#given - this.#slots + 1)) return null;
    return this.#free(next);
  }

  async finish(): Promise<{ digest: Digest; size: number }> {
    const digest = await this.#hash.digest();
    await Promise.all(this.#writes);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#close(true);
    return { digest: `sha256:${Buffer.from(digest).toString('hex')}`, size: this.#size };
  }

  /** Idempotent; does nothing after `finish`. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    await Promise.allSettled(this.#writes);
    await this.#close(false);
    this.#file.remove();
  }

  /** `heard`: that the file could be closed, which is where some file systems say that it could not be written. */
  async #close(heard: boolean): Promise<void> {
    await this.#hash.close();
    const closed = this.#file.close(this.#kind !== 'alone');
    if (heard) await closed;
    else await closed.catch(() => {});
    this.#open = false;
  }

  async #free(slot: number): Promise<void> {
    await this.#writes[slot];
    await this.#hash.hashed(this.#given - this.#slots + 1);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(bytes: Uint8Array, slot: number): void {
    const writing = this.#file.write(bytes, this.#size);
    if (writing === null) return;
    const ended = () => {
      this.#writes[slot] = undefined;
    };
    this.#writes[slot] = writing.then(ended, (error) => {
      this.#fail(error);
      ended();
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= wrapSystemError(error, 'write', 'the layer');
  }
}
