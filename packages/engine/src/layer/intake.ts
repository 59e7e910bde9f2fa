import { MicaError } from '../error.ts';
import { algorithmOf, type Digest, shortId } from '../reference/digest.ts';
import type { BlobInfo } from '../store/blob-store.ts';
import type { BlobWriter } from '../store/blob-writer.ts';
import type { Store } from '../store/store.ts';
import { DiskRoom } from './bounds.ts';
import { foreignCompression, sniff } from './decoder.ts';
import { LayerReader, notLayer, type TakenLayer } from './layer-reader.ts';

export type { TakenLayer };

export interface TakenBlob extends BlobInfo {
  /** The layer in it, or why it is none. */
  readonly layer: TakenLayer | MicaError;
}

/**
 * Takes in one blob whose kind is not known yet, in one pass: to disk and hashed as it is, and, if its
 * first bytes are gzip, zstd or a tar, decompressed, hashed and scanned as a layer as well. So nothing is
 * read twice and a layer that cannot be unpacked is found before an image has it. Decompression runs on
 * zlib's own threads, beside the hash. `finish` or `abort` ends it; abort after finish does nothing.
 */
export class BlobIntake {
  readonly #writer: BlobWriter;
  readonly #room: DiskRoom;
  readonly #expected: { digest?: Digest; size?: number };
  #head: Buffer | null = Buffer.alloc(0);
  #layer: LayerReader | null = null;

  constructor(store: Store, mediaType: string, expected: { digest?: Digest; size?: number } = {}) {
    this.#room = new DiskRoom(store.root);
    this.#writer = store.blobs.writer(mediaType, expected.digest && algorithmOf(expected.digest));
    this.#expected = expected;
  }

  get size(): number {
    return this.#writer.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#room.write(chunk.length);
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
    // JSON (a config, a manifest) is nobody's layer; a tar's first block starts with a name. No bytes at all are an
    // empty layer.
    const tar = head.length === 0 || (head.length >= 512 && head[0] !== 0x7b);
    if (!tar && sniff(head) === 'none' && foreignCompression(head) === null) return;
    this.#layer = new LayerReader();
    await this.#layer.push(head);
  }
}

/** The clear error for a blob that an image wants as a layer. */
export function requireLayer(blob: TakenBlob): TakenLayer {
  if (!(blob.layer instanceof MicaError)) return blob.layer;
  const { code, message, hint } = blob.layer;
  throw new MicaError(code, `layer ${shortId(blob.digest)} cannot be used: ${message}`, {
    subject: blob.digest,
    cause: blob.layer,
    ...(hint ? { hint } : {}),
  });
}
