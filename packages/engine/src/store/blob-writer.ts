import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { type Digester, digester } from '../hash/digester.ts';
import { type Digest, type DigestAlgorithm, digestMismatch } from '../reference/digest.ts';
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
  readonly #hash: Digester;
  #fd: number;
  #size = 0;

  constructor(
    store: { adopt(file: string, info: BlobInfo): BlobInfo },
    path: string,
    mediaType: string,
    algorithm: DigestAlgorithm = 'sha256',
  ) {
    this.#store = store;
    this.#hash = digester(algorithm);
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

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
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
    if (expected.size !== undefined && expected.size !== this.#size) {
      this.abort();
      throw new MicaError(
        'digest-mismatch',
        `blob ${expected.digest ?? ''} has ${this.#size} bytes, ${expected.size} were expected`,
        { subject: expected.digest ?? this.path },
      );
    }
    const digest = this.#hash.digest();
    if (expected.digest !== undefined && expected.digest !== digest) {
      this.abort();
      throw digestMismatch('blob', expected.digest, digest);
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
