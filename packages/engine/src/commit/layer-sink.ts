import { close, ftruncateSync, openSync, rmSync, write, writeSync } from 'node:fs';
import type { HashEngine } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { startThread } from '../pool/thread.ts';
import type { Digest } from '../reference/digest.ts';
import type { Uncached } from '../system/uncached.ts';
import { borrowRing, END, GIVEN, HASHED, type HashRing, makeRing, returnRing } from './hash-ring.ts';
import type { Filled } from './pack.ts';

export interface SinkOptions {
  readonly hasher: HashEngine;
  /** Hash on a thread of its own: pays from a few MiB on, where its start is behind it before the reading is. */
  readonly thread: boolean;
  /** Keep nothing of it in the page cache. */
  readonly uncached?: Uncached | null;
}

/** With a thread that hashes, as many as keep it and the disk busy; else one is written while the next is filled. */
const SLOTS = { thread: 8, inline: 4 } as const;
const SLOT_BYTES = 1 << 20;

/**
 * Where a layer's bytes go: hashed and written to a new file at the same time. Writing runs in libuv's
 * threads, hashing here or in a thread of its own, while the caller fills the next buffer of the ring.
 * The caller ends it with `finish`, or `abort`, which removes the file.
 */
export class LayerSink {
  readonly #file: string;
  readonly #fd: number;
  /** Null: not wanted, or found not to work for this file. */
  #uncached: Uncached | null;
  readonly #slots: number;
  readonly #ring: HashRing;
  readonly #writes: (Promise<void> | undefined)[];
  readonly #hasher: ReturnType<HashEngine['create']> | null;
  readonly #thread: ReturnType<typeof startThread> | null;
  #given = 0;
  #size = 0;
  #holeAtEnd = false;
  #failure: unknown;
  #open = true;

  constructor(file: string, options: SinkOptions) {
    this.#file = file;
    this.#fd = openSync(file, 'wx', 0o644);
    this.#uncached = options.uncached ?? null;
    this.#slots = options.thread ? SLOTS.thread : SLOTS.inline;
    this.#ring = options.thread ? makeRing(this.#slots, SLOT_BYTES) : borrowRing(this.#slots, SLOT_BYTES);
    this.#writes = new Array(this.#slots);
    this.#hasher = options.thread ? null : options.hasher.create();
    this.#thread = options.thread
      ? startThread('hash-thread', { ring: this.#ring, hasher: options.hasher.name })
      : null;
    this.#thread?.failed.catch((error: unknown) => this.#fail(error));
  }

  get size(): number {
    return this.#size;
  }
  /** The buffer to fill next. */
  get buffer(): Uint8Array {
    return this.#ring.slots[this.#given % this.#slots] as Uint8Array;
  }

  /** Takes the buffer as filled; the next one is free once this returns null or what it returns resolves. */
  push(filled: Filled): Promise<void> | null {
    const slot = this.#given % this.#slots;
    const bytes = this.buffer.subarray(0, filled.length);
    // A layer of one piece is written at once: waking libuv's threads costs more than the writing does.
    if (filled.last && this.#given === 0) writeWhole(this.#fd, bytes);
    else if (!filled.hole) this.#writes[slot] = this.#write(slot, filled.length, this.#size);
    this.#holeAtEnd = filled.hole && this.#given > 0;
    this.#size += filled.length;
    this.#hasher?.update(bytes);
    this.#give(slot, filled.length);
    const next = this.#given % this.#slots;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#writes[next] === undefined && this.#isHashed()) return null;
    return this.#free(next);
  }

  async finish(): Promise<{ digest: Digest; size: number }> {
    if (!this.#hasher) {
      this.#give(this.#given % this.#slots, END);
      await this.#hashed(this.#given);
    }
    await Promise.all(this.#writes);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#holeAtEnd) ftruncateSync(this.#fd, this.#size);
    this.#close();
    const digest = this.#hasher ? this.#hasher.digest() : this.#ring.digest;
    return { digest: `sha256:${Buffer.from(digest).toString('hex')}`, size: this.#size };
  }

  /** Idempotent; does nothing after `finish`. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    await Promise.allSettled(this.#writes);
    this.#close();
    rmSync(this.#file, { force: true });
  }

  #close(): void {
    this.#open = false;
    if (this.#thread) this.#thread.stop();
    else returnRing(this.#ring);
    close(this.#fd, () => {});
  }

  #give(slot: number, length: number): void {
    this.#ring.lengths[slot] = length;
    this.#given++;
    Atomics.store(this.#ring.state, GIVEN, this.#given);
    Atomics.notify(this.#ring.state, GIVEN);
  }

  async #free(slot: number): Promise<void> {
    await this.#writes[slot];
    await this.#hashed(this.#given - this.#slots + 1);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #isHashed(): boolean {
    return this.#hasher !== null || Atomics.load(this.#ring.state, HASHED) > this.#given - this.#slots;
  }
  async #hashed(count: number): Promise<void> {
    if (this.#hasher) return;
    const { state } = this.#ring;
    for (let done = Atomics.load(state, HASHED); done < count; done = Atomics.load(state, HASHED)) {
      if (this.#failure !== undefined) throw this.#failure;
      const wait = Atomics.waitAsync(state, HASHED, done);
      if (wait.async) await Promise.race([wait.value, this.#thread?.failed]);
    }
  }

  #write(slot: number, length: number, at: number): Promise<void> {
    const buffer = this.#ring.slots[slot] as Uint8Array;
    return new Promise<void>((resolve) => {
      const end = () => {
        this.#writes[slot] = undefined;
        resolve();
      };
      const step = (from: number) =>
        write(this.#fd, buffer, from, length - from, at + from, (error, written) => {
          if (error) this.#fail(error);
          else if (from + written < length) return step(from + written);
          end();
        });
      if (!this.#uncached) step(0);
      else
        this.#uncached.write(this.#fd, buffer, length, at, (written) => {
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

function writeWhole(fd: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (error) {
    throw wrapSystemError(error, 'write', 'the layer');
  }
}
