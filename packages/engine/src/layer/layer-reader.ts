import { once } from 'node:events';
import type { Transform } from 'node:stream';
import type { EntryTable } from '@mica/core-wasm';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { digester } from '../hash/digester.ts';
import type { Digest } from '../reference/digest.ts';
import { newCore } from '../system/core.ts';
import { checkLayerSize, outOfBounds, outsideLimits } from './bounds.ts';
import { type Compression, decoderOf, foreignCompression, sniff } from './decoder.ts';
import { Inflater } from './inflater.ts';
import { linkBeforeFile } from './link-order.ts';

/** What a blob turned out to hold, once its last byte was seen. */
export interface TakenLayer {
  readonly diffId: Digest;
  readonly tarSize: number;
  readonly compression: Compression;
  readonly entries: number;
}

/** Where a layer's plain tar goes: a scanner, or an unpacker. `finish` may throw; `abort` gives back what is held. */
export interface TarTarget {
  push(chunk: Uint8Array): void;
  finish(diffId: Digest): EntryTable | { readonly count: number };
  abort(): void;
}

/** Only looks at the tar: that it can be read, and how many entries it has. */
class ScanOnly implements TarTarget {
  readonly #scanner = newCore().scanTar(outsideLimits());
  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }
  finish(): { readonly count: number } {
    this.#scanner.end();
    const early = linkBeforeFile(this.#scanner.entries, this.#scanner.count);
    if (early !== null) throw new MicaError('invalid-layer', early);
    return { count: this.#scanner.count };
  }
  abort(): void {}
}

/**
 * A layer's blob in one pass: decompressed, its tar hashed and handed to a target. On zlib's own threads, unless
 * `inline` says that the other processors have something else to do (gzip only).
 * `push` returns when the next chunk is welcome. What is wrong with the layer is kept, and told by `end`.
 */
export class LayerReader {
  #compression: Compression | null = null;
  #decoder: Transform | null = null;
  #head: Buffer = Buffer.alloc(0);
  readonly #hash = digester();
  readonly #target: TarTarget;
  readonly #inline: boolean;
  #inflater: Inflater | null = null;
  #problem: unknown;
  #taken = 0;
  #given = 0;

  constructor(target: TarTarget = new ScanOnly(), { inline = false } = {}) {
    this.#target = target;
    this.#inline = inline;
  }

  async push(chunk: Uint8Array): Promise<void> {
    const bytes = this.#opened(chunk);
    if (bytes === null) return;
    if (this.#decoder === null) return this.#here(bytes);
    if (!this.#decoder.write(bytes)) await settled(this.#decoder, 'drain');
  }

  /** As `push`, but returns when the chunk's memory may be used for something else. */
  async take(chunk: Uint8Array): Promise<void> {
    const bytes = this.#opened(chunk);
    if (bytes === null) return;
    const decoder = this.#decoder;
    if (decoder === null) return this.#here(bytes);
    await new Promise<void>((resolve) => {
      const done = () => {
        decoder.off('close', done);
        resolve();
      };
      // One that fails meanwhile forgets what it was writing.
      decoder.once('close', done);
      decoder.write(bytes, done);
    });
  }

  /** The bytes to go on with, those before included that were too few to tell what they are. */
  #opened(chunk: Uint8Array): Uint8Array | null {
    this.#taken += chunk.length;
    if (this.#problem !== undefined) return null;
    if (this.#compression !== null) return chunk;
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length < 4) return null;
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    const foreign = foreignCompression(head);
    if (foreign !== null) this.#problem = foreignLayer(foreign);
    this.#begin(sniff(head));
    return foreign === null ? head : null;
  }

  #begin(compression: Compression): void {
    this.#compression = compression;
    if (this.#inline && compression === 'gzip') this.#inflater = Inflater.make();
    if (this.#inflater === null) this.#decoder = decoderOf(compression);
    if (this.#decoder === null) return;
    this.#decoder.on('data', (chunk: Buffer) => this.#plain(chunk));
    this.#decoder.on('error', (error) => {
      this.#problem ??= error;
    });
  }

  async end(): Promise<TakenLayer | MicaError> {
    if (this.#compression === null && this.#head.length > 0) {
      this.#begin('none');
      this.#here(this.#head);
    }
    if (this.#decoder && this.#problem === undefined) {
      this.#decoder.end();
      if (!this.#decoder.readableEnded) await settled(this.#decoder, 'end');
    }
    try {
      if (this.#problem !== undefined) throw this.#problem;
      this.#inflater?.end();
      this.#inflater?.close();
      const diffId = this.#hash.digest();
      const entries = this.#target.finish(diffId).count;
      return { diffId, tarSize: this.#given, compression: this.#compression ?? 'none', entries };
    } catch (error) {
      this.abort();
      return notLayer(error instanceof Error ? error.message : String(error), error);
    }
  }

  abort(): void {
    this.#decoder?.destroy();
    this.#inflater?.close();
    this.#target.abort();
  }

  /** What no other thread decompresses. */
  #here(chunk: Uint8Array): void {
    try {
      if (this.#inflater === null) this.#plain(chunk);
      else
        this.#inflater.push(chunk, (plain) => {
          this.#plain(plain);
          return this.#problem === undefined;
        });
    } catch (error) {
      this.#problem = error;
      this.abort();
    }
  }

  #plain(chunk: Uint8Array): void {
    if (this.#problem !== undefined) return;
    this.#hash.update(chunk);
    this.#given += chunk.length;
    try {
      checkLayerSize(this.#given, this.#taken);
      this.#target.push(chunk);
    } catch (error) {
      this.#problem = error;
      this.abort();
    }
  }
}

/** A decoder that failed or was destroyed for what came out of it says neither drain nor end. */
async function settled(decoder: Transform, event: 'drain' | 'end'): Promise<void> {
  if (decoder.destroyed) return;
  const stop = new AbortController();
  const options = { signal: stop.signal };
  try {
    await Promise.race([once(decoder, event, options), once(decoder, 'close', options)]);
  } catch {
    // the listener above keeps the reason
  } finally {
    stop.abort();
  }
}

function foreignLayer(program: string): MicaError {
  return new MicaError('not-supported', `it is compressed with ${program}, which is not supported`, {
    hint: 'have the image made anew with gzip or zstd: docker load and docker save do that, or skopeo copy',
  });
}

/** Why a blob is no layer that can be used, told as the fault of whose it is. */
export function notLayer(why: string, cause?: unknown): MicaError {
  if (cause instanceof MicaError) return cause;
  if (isSystemError(cause)) return wrapSystemError(cause, 'unpack', 'the layer'); // the disk's fault, not the layer's
  return outOfBounds(cause, why) ?? new MicaError('invalid-layer', why, { cause });
}
