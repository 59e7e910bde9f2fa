import { close, closeSync, constants, openSync, write, writeSync } from 'node:fs';
import { wrapSystemError } from '../error.ts';
import { milliseconds } from '../system/clock.ts';
import { addressOf } from '../system/library.ts';
import { tryRemove } from '../system/remove.ts';
import { isExt4, setAsideFor } from '../system/set-aside.ts';
import type { Uncached } from '../system/uncached.ts';

/** What the memory, the length and the place of a direct write are multiples of, whatever the disk. */
export const ALIGNED = 4096;
/** Direct writes under way from which on the rest goes by way of the page cache, if the disk is found slower than that. */
const AT_ONCE = 3;
/** Bytes of a layer's first buffer from which on two calls more, 20 us, are less than what they save: 70 us a MiB. */
const WORTH_ASIDE = 512 << 10;
/** Milliseconds for a MiB copied to the page cache from which on that is dear: five times what it takes elsewhere. */
const DEFAULT_DEAR_FROM = 0.75;

export interface LayerFileOptions {
  /** Bytes are copied to the page cache at once, as long as that is cheap; else in libuv's threads. */
  readonly here: boolean;
  /** By which nothing of it stays in the page cache, where it is wanted and works for this file. */
  readonly past: { readonly uncached: Uncached | null };
  /** Milliseconds for a MiB copied here from which on that is dear; 0.75 unless told. */
  readonly dearFrom?: number | undefined;
}

/**
 * The new file that a layer is written to. To copy 100 MB to the page cache takes 15 ms; where a hypervisor has to back
 * fresh memory for it 130 to 240. Where that is found so, the buffers that follow go from their own memory to the disk
 * (O_DIRECT), which takes 4 ms of the processor: 10,000 files took 557 ms there, now 430. Its owner closes it.
 */
export class LayerFile {
  readonly #path: string;
  #fd: number;
  readonly #here: boolean;
  readonly #dearFrom: number;
  readonly #past: LayerFileOptions['past'];
  /** That is found not to work for this file. */
  #isCached = false;
  /** Null: not asked for yet; −1: not to be had for this file. */
  #direct: number | null = null;
  /** Undefined: not known yet. */
  #setsAside: boolean | undefined;
  #isDear = false;
  #isRefused = false;
  /** Milliseconds that a MiB took to the page cache last, when no direct write was in its way. */
  #copyMs = 0;
  readonly #disk = { since: 0, bytes: 0, underWay: 0 };

  constructor(path: string, { here, past, dearFrom = DEFAULT_DEAR_FROM }: LayerFileOptions) {
    this.#path = path;
    this.#fd = openSync(path, 'wx', 0o644);
    this.#here = here;
    this.#past = past;
    this.#dearFrom = dearFrom;
  }

  /** Writes `bytes` from `at` on: null where that is done; else they are not to be touched until it is. */
  write(bytes: Uint8Array, at: number): Promise<void> | null {
    const { uncached } = this.#past;
    if (uncached && !this.#isCached) return this.#uncached(uncached, bytes, at);
    if (!this.#here) return this.#copied(bytes, at, 0);
    if (this.#isDear && !this.#isRefused && this.#isDiskFree() && isAligned(bytes) && this.#openDirect() >= 0)
      return this.#directly(bytes, at);
    this.#setsAside ??= bytes.length >= WORTH_ASIDE && isExt4(this.#path);
    this.#setsAside &&= setAsideFor(this.#fd, at, bytes.length);
    const began = milliseconds();
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      throw failed(error);
    }
    const copyMs = (milliseconds() - began) / (bytes.length / 2 ** 20);
    if (this.#disk.underWay === 0) this.#copyMs = copyMs; // else it waited for those first
    this.#isDear ||= copyMs >= this.#dearFrom;
    return null;
  }

  /** Or keeps up so well that to wait for it is quicker than to copy: 10,000 files took 175 ms, and take 155 so. */
  #isDiskFree(): boolean {
    const { since, bytes, underWay } = this.#disk;
    return underWay < AT_ONCE || milliseconds() - since < this.#copyMs * (bytes / 2 ** 20);
  }

  #openDirect(): number {
    if (this.#direct === null) {
      try {
        this.#direct = openSync(this.#path, constants.O_WRONLY | constants.O_DIRECT);
      } catch {
        this.#direct = -1; // not on this file system
      }
    }
    return this.#direct;
  }

  async #directly(bytes: Uint8Array, at: number): Promise<void> {
    const disk = this.#disk;
    disk.since ||= milliseconds();
    disk.underWay++;
    const written = await new Promise<number>((resolve) =>
      write(this.#openDirect(), bytes, 0, bytes.length, at, (error, length) => resolve(error ? 0 : length)),
    );
    disk.underWay--;
    disk.bytes += written;
    if (written === bytes.length) return;
    // Not on this file system after all; or the disk is full, which the other way says.
    this.#isRefused = true;
    await this.#copied(bytes, at, written);
  }

  async #uncached(uncached: Uncached, bytes: Uint8Array, at: number): Promise<void> {
    const written = await new Promise<number>((resolve) => uncached.write(this.#fd, bytes, bytes.length, at, resolve));
    if (written < 0) this.#isCached = true;
    if (written < bytes.length) await this.#copied(bytes, at, Math.max(0, written));
  }

  /** Those of `bytes` from `from` on. */
  #copied(bytes: Uint8Array, at: number, from: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (done: number) =>
        write(this.#fd, bytes, done, bytes.length - done, at + done, (error, written) => {
          if (error) reject(failed(error));
          else if (done + written < bytes.length) step(done + written);
          else resolve();
        });
      step(from);
    });
  }

  /** When nothing is being written any more. `beside`: in one of libuv's threads. Idempotent. */
  async close(beside: boolean): Promise<void> {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#fd = -1;
    try {
      if (beside)
        await new Promise<void>((resolve, reject) => close(fd, (error) => (error ? reject(error) : resolve())));
      else closeSync(fd);
    } catch (error) {
      throw failed(error);
    } finally {
      if (this.#direct !== null && this.#direct >= 0) closeSync(this.#direct);
    }
  }
  /** After {@link close}. */
  remove(): void {
    tryRemove(this.#path);
  }
}

function isAligned(bytes: Uint8Array): boolean {
  return bytes.length % ALIGNED === 0 && addressOf(bytes) % ALIGNED === 0;
}

function failed(error: unknown): unknown {
  return wrapSystemError(error, 'write', 'the layer');
}
