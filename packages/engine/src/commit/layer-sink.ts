import { close, closeSync, ftruncateSync, openSync, rmSync, write, writeSync } from 'node:fs';
import type { HashEngine } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { OpensslHasher } from '../hash/openssl-hash.ts';
import type { Digest } from '../reference/digest.ts';
import type { Uncached } from '../system/uncached.ts';
import { HashBeside } from './hash-beside.ts';
import { HashHere } from './hash-here.ts';
import { HashInThread } from './hash-in-thread.ts';
import type { LayerHash } from './layer-hash.ts';
import type { Filled } from './pack.ts';

/**
 * Where a layer is hashed and written: `small`, both here and at once; `beside`, hashed in one of libuv's threads and
 * written here, as long as that is no more than a copy to the page cache: with both over there the one waited for the
 * other. Else written in libuv's threads, and hashed here or, with `thread`, in one of Node's own.
 */
export type SinkKind = 'small' | 'here' | 'beside' | 'thread';

export interface SinkOptions {
  readonly hasher: HashEngine;
  readonly kind: SinkKind;
  /** Keep nothing of it in the page cache. */
  readonly uncached?: Uncached | null;
}

/** Buffers: with a thread of its own as many as keep it and the disk busy; else one is written while the next is filled. */
const SLOTS: Readonly<Record<SinkKind, number>> = { small: 1, here: 4, beside: 4, thread: 8 };

/**
 * Where a layer's bytes go: hashed and written to a new file at the same time, in other threads where that pays
 * ({@link SinkKind}), while the caller fills the next buffer of the ring.
 * The caller ends it with `finish`, or `abort`, which removes the file.
 */
export class LayerSink {
  readonly #file: string;
  readonly #fd: number;
  /** Null: not wanted, or found not to work for this file. */
  #uncached: Uncached | null;
  readonly #kind: SinkKind;
  readonly #slots: number;
  readonly #hash: LayerHash;
  readonly #writes: (Promise<void> | undefined)[];
  #given = 0;
  #size = 0;
  #holeAtEnd = false;
  #failure: unknown;
  #open = true;

  constructor(file: string, options: SinkOptions) {
    this.#file = file;
    this.#fd = openSync(file, 'wx', 0o644);
    this.#uncached = options.uncached ?? null;
    this.#kind = options.kind;
    this.#slots = SLOTS[options.kind];
    try {
      this.#hash = this.#hashOf(options.hasher);
    } catch (error) {
      closeSync(this.#fd); // nobody has this sink yet
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

  get #writesHere(): boolean {
    return this.#kind === 'small' || (this.#kind === 'beside' && !this.#uncached);
  }

  get size(): number {
    return this.#size;
  }
  /** The buffer to fill next. */
  get buffer(): Uint8Array {
    return this.#hash.buffer(this.#given % this.#slots);
  }

  /** Takes the buffer as filled; the next one is free once this returns null or what it returns resolves. */
  push(filled: Filled): Promise<void> | null {
    const slot = this.#given % this.#slots;
    const bytes = this.buffer.subarray(0, filled.length);
    if (!filled.hole) {
      if (this.#writesHere) writeHere(this.#fd, bytes, this.#size);
      else this.#writes[slot] = this.#write(bytes, slot, this.#size);
    }
    this.#holeAtEnd = filled.hole;
    this.#size += filled.length;
    this.#hash.give(slot, filled.length);
    this.#given++;
    if (this.#failure !== undefined) throw this.#failure;
    const next = this.#given % this.#slots;
    if (this.#writes[next] === undefined && this.#hash.isHashed(this.#given - this.#slots + 1))
      return this.#hash.turn();
    return this.#free(next);
  }

  async finish(): Promise<{ digest: Digest; size: number }> {
    const digest = await this.#hash.digest();
    await Promise.all(this.#writes);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#holeAtEnd) ftruncateSync(this.#fd, this.#size);
    await this.#close();
    return { digest: `sha256:${Buffer.from(digest).toString('hex')}`, size: this.#size };
  }

  /** Idempotent; does nothing after `finish`. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    await Promise.allSettled(this.#writes);
    await this.#close();
    rmSync(this.#file, { force: true });
  }

  async #close(): Promise<void> {
    this.#open = false;
    await this.#hash.close();
    if (this.#kind === 'small') closeSync(this.#fd);
    else close(this.#fd, () => {});
  }

  async #free(slot: number): Promise<void> {
    await this.#writes[slot];
    await this.#hash.hashed(this.#given - this.#slots + 1);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(bytes: Uint8Array, slot: number, at: number): Promise<void> {
    const length = bytes.length;
    return new Promise<void>((resolve) => {
      const end = () => {
        this.#writes[slot] = undefined;
        resolve();
      };
      const step = (from: number) =>
        write(this.#fd, bytes, from, length - from, at + from, (error, written) => {
          if (error) this.#fail(error);
          else if (from + written < length) return step(from + written);
          end();
        });
      if (!this.#uncached) step(0);
      else
        this.#uncached.write(this.#fd, bytes, length, at, (written) => {
          if (written < 0) this.#uncached = null;
          if (written < length) step(Math.max(0, written));
          else end();
        });
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= wrapSystemError(error, 'write', 'the layer');
  }
}

function writeHere(fd: number, bytes: Uint8Array, at: number): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
  } catch (error) {
    throw wrapSystemError(error, 'write', 'the layer');
  }
}
