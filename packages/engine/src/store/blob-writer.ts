import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { nativeHash } from '../hash/openssl-hash.ts';
import { algorithmOf, type Digest, hexOf } from '../reference/digest.ts';
import type { BlobInfo } from './blob-store.ts';
import { storeError } from './files.ts';

/**
 * Writes one blob: to a temporary file of its own (O_EXCL), hashed on the way, renamed to its digest by
 * {@link finish}. `abort` removes it and does nothing after `finish`, so it belongs in a `finally`.
 */
export class BlobWriter {
  readonly path: string;
  readonly #store: { adopt(file: string, info: BlobInfo): BlobInfo };
  readonly #mediaType: string;
  readonly #sha256 = nativeHash().create();
  #sha512: Hash | undefined;
  #fd: number;
  #size = 0;

  constructor(store: { adopt(file: string, info: BlobInfo): BlobInfo }, path: string, mediaType: string) {
    this.#store = store;
    this.path = path;
    this.#mediaType = mediaType;
    try {
      this.#fd = openSync(path, 'wx', 0o644);
    } catch (error) {
      throw storeError(error, 'create', path);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Also hash with sha512; before the first write, when the expected digest is one. */
  useSha512(): this {
    this.#sha512 = createHash('sha512');
    return this;
  }

  write(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#sha512?.update(bytes);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.abort();
      throw storeError(error, 'write', this.path);
    }
    this.#size += bytes.length;
  }

  /** @throws MicaError digest-mismatch when the content is not what was expected; nothing is kept then */
  finish(expected: { digest?: Digest; size?: number } = {}): BlobInfo {
    const sha256 = Buffer.from(this.#sha256.digest()).toString('hex');
    let digest: Digest = `sha256:${sha256}`;
    if (expected.size !== undefined && expected.size !== this.#size) {
      this.abort();
      throw new MicaError(
        'digest-mismatch',
        `blob ${expected.digest ?? ''} has ${this.#size} bytes, ${expected.size} were expected`,
        {
          subject: expected.digest ?? this.path,
        },
      );
    }
    if (expected.digest !== undefined) {
      const actual = algorithmOf(expected.digest) === 'sha512' ? this.#sha512?.digest('hex') : sha256;
      if (actual !== hexOf(expected.digest)) {
        this.abort();
        throw new MicaError(
          'digest-mismatch',
          `blob ${expected.digest} does not match its digest: it is ${algorithmOf(expected.digest)}:${actual}`,
          {
            subject: expected.digest,
          },
        );
      }
      digest = expected.digest;
    }
    closeSync(this.#fd);
    this.#fd = -1;
    return this.#store.adopt(this.path, { digest, size: this.#size, mediaType: this.#mediaType });
  }

  abort(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
    rmSync(this.path, { force: true });
  }
}
