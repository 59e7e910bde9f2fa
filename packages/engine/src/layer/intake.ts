import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Core, KernelError, type TarScanner } from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { algorithmOf, type Digest, shortId } from '../reference/digest.ts';
import type { BlobInfo } from '../store/blob-store.ts';
import type { BlobWriter } from '../store/blob-writer.ts';
import type { Store } from '../store/store.ts';

type Compression = 'none' | 'gzip' | 'zstd';

/** What a blob turned out to hold, once its last byte was seen. */
export interface TakenLayer {
  readonly diffId: Digest;
  readonly tarSize: number;
  readonly compression: Compression;
  readonly entries: number;
}
export interface TakenBlob extends BlobInfo {
  /** The layer in it, or why it is none. */
  readonly layer: TakenLayer | MicaError;
}

/** Bytes that one byte of a compressed layer may become. gzip cannot do more than 1,032; a zstd frame that does is a bomb. */
const MAX_RATIO = 1_100;

/**
 * Takes in one blob whose kind is not known yet, in one pass: to disk and hashed as it is, and, if its
 * first bytes are gzip, zstd or a tar, decompressed, hashed and scanned as a layer as well. So nothing is
 * read twice and a layer that cannot be unpacked is found before an image has it. Decompression runs on
 * zlib's own threads, beside the hash. `finish` or `abort` ends it; abort after finish does nothing.
 */
export class BlobIntake {
  readonly #writer: BlobWriter;
  readonly #expected: { digest?: Digest; size?: number };
  #head: Buffer | null = Buffer.alloc(0);
  #layer: LayerReader | null = null;

  constructor(store: Store, mediaType: string, expected: { digest?: Digest; size?: number } = {}) {
    this.#writer = store.blobs.writer(mediaType);
    this.#expected = expected;
    if (expected.digest && algorithmOf(expected.digest) === 'sha512') this.#writer.useSha512();
  }

  get size(): number {
    return this.#writer.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#writer.write(chunk);
    if (this.#expected.size !== undefined && this.#writer.size > this.#expected.size)
      throw new MicaError(
        'digest-mismatch',
        `blob ${this.#expected.digest ?? ''} is longer than the ${this.#expected.size} bytes it should have`,
        { subject: this.#expected.digest ?? '' },
      );
    if (this.#head === null) return this.#layer?.push(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length >= 512) await this.#begin();
  }

  /** @throws MicaError digest-mismatch, no-space; nothing is kept then */
  async finish(): Promise<TakenBlob> {
    if (this.#head !== null) await this.#begin();
    const layer = this.#layer === null ? notLayer('it is no tar') : await this.#layer.end();
    return { ...this.#writer.finish(this.#expected), layer };
  }

  abort(): void {
    this.#writer.abort();
    this.#layer?.abort();
  }

  async #begin(): Promise<void> {
    const head = this.#head as Buffer;
    this.#head = null;
    const compression = sniff(head);
    // JSON (a config, a manifest) is nobody's layer; a tar's first block starts with a name.
    if (compression === 'none' && (head.length < 512 || head[0] === 0x7b)) return;
    this.#layer = new LayerReader(compression);
    await this.#layer.push(head);
  }
}

/** By the first bytes: RFC 1952, RFC 8878. */
function sniff(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return Buffer.from(head.subarray(0, 4)).toString('hex') === '28b52ffd' ? 'zstd' : 'none';
}

class LayerReader {
  readonly #compression: Compression;
  readonly #decoder: Transform | null;
  readonly #hash: Hash = createHash('sha256');
  readonly #scanner: TarScanner = new Core().scanTar();
  #problem: unknown;
  #taken = 0;
  #given = 0;

  constructor(compression: Compression) {
    this.#compression = compression;
    this.#decoder =
      compression === 'gzip'
        ? createGunzip({ chunkSize: 1 << 17 })
        : compression === 'zstd'
          ? createZstdDecompress({ chunkSize: 1 << 17 })
          : null;
    this.#decoder?.on('data', (chunk: Buffer) => this.#plain(chunk));
    this.#decoder?.on('error', (error) => {
      this.#problem ??= error;
    });
  }

  async push(chunk: Uint8Array): Promise<void> {
    this.#taken += chunk.length;
    if (this.#problem !== undefined) return;
    if (this.#decoder === null) return this.#plain(chunk);
    if (!this.#decoder.write(chunk)) await settled(this.#decoder, 'drain');
  }

  async end(): Promise<TakenLayer | MicaError> {
    if (this.#decoder && this.#problem === undefined) {
      this.#decoder.end();
      if (!this.#decoder.readableEnded) await settled(this.#decoder, 'end');
    }
    try {
      if (this.#problem !== undefined) throw this.#problem;
      this.#scanner.end();
      const entries = this.#scanner.count;
      return {
        diffId: `sha256:${this.#hash.digest('hex')}`,
        tarSize: this.#given,
        compression: this.#compression,
        entries,
      };
    } catch (error) {
      this.abort();
      return notLayer(error instanceof Error ? error.message : String(error), error);
    }
  }

  abort(): void {
    this.#decoder?.destroy();
  }

  #plain(chunk: Uint8Array): void {
    if (this.#problem !== undefined) return;
    this.#hash.update(chunk);
    this.#given += chunk.length;
    try {
      if (this.#given > this.#taken * MAX_RATIO + 65_536)
        throw new MicaError('limit-exceeded', `it unpacks to more than ${MAX_RATIO} times its size`);
      this.#scanner.push(chunk);
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

function notLayer(why: string, cause?: unknown): MicaError {
  if (cause instanceof MicaError) return cause;
  const code = cause instanceof KernelError && cause.code === 'limit-exceeded' ? 'limit-exceeded' : 'invalid-layer';
  return new MicaError(code, why, { cause });
}

/** The clear error for a blob that an image wants as a layer. */
export function requireLayer(blob: TakenBlob): TakenLayer {
  if (!(blob.layer instanceof MicaError)) return blob.layer;
  const { code, message } = blob.layer;
  throw new MicaError(code, `layer ${shortId(blob.digest)} cannot be used: ${message}`, {
    subject: blob.digest,
    cause: blob.layer,
  });
}
