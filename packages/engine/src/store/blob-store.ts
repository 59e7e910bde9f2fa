import {
  closeSync,
  createReadStream,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { Readable } from 'node:stream';
import { MicaError } from '../error.ts';
import { digester, verifyBytes } from '../hash/digester.ts';
import { sha256 } from '../hash/sha256.ts';
import { algorithmOf, type Digest, type DigestAlgorithm, digestMismatch } from '../reference/digest.ts';
import { BlobFiles } from './blob-files.ts';
import { BlobRemoval } from './blob-removal.ts';
import { BlobWriter } from './blob-writer.ts';
import type { Database } from './database.ts';
import { bootId, storeError } from './files.ts';
import { Leases } from './leases.ts';
import { PendingBlobs } from './pending-blobs.ts';

export interface BlobInfo {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

/**
 * Bytes under their digest, in `blobs/<algorithm>/<hex>`.
 *
 * A blob is there when both its row and its file are: a file without a row is what a crash left, and is
 * written again rather than trusted. A new blob is leased to this process until an image that holds it is
 * inserted, so a prune elsewhere does not take it away in between. Rename and row happen under the
 * database's write lock, as does a removal, the row first: so a removal never takes a file that was just written again.
 */
export class BlobStore {
  readonly files: BlobFiles;
  readonly #db: Database;
  readonly leases: Leases;
  readonly removal: BlobRemoval;
  readonly pending: PendingBlobs;

  constructor(root: string, db: Database) {
    this.files = new BlobFiles(root);
    this.#db = db;
    this.leases = new Leases(db);
    this.removal = new BlobRemoval(db, this.files, this.leases);
    this.pending = new PendingBlobs(db, this);
  }

  /** The caller ends it with `finish` or `abort`; `algorithm` is that of the digest it will expect. */
  writer(mediaType = 'application/octet-stream', algorithm?: DigestAlgorithm): BlobWriter {
    return new BlobWriter(this, this.temporary(), mediaType, algorithm);
  }

  /** Takes over a finished temporary file whose digest its writer computed. Idempotent for equal content. */
  adopt(file: string, info: BlobInfo): BlobInfo {
    this.files.prepare();
    const target = this.path(info.digest);
    try {
      this.#db.write(() => {
        this.leases.take([info.digest]);
        if (this.has(info.digest)) return rmSync(file, { force: true });
        // Undone, the row is gone and the file is not: a layer that nobody knows, on a disk that may be full.
        this.#db.ifUndone(() => {
          if (this.info(info.digest) === null) rmSync(target, { force: true });
        });
        // What a bad disk, or somebody, put in its place: a folder gives way to no file.
        if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory())
          rmSync(target, { recursive: true, force: true });
        renameSync(file, target);
        this.#db.run(
          'INSERT INTO blobs VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET size = excluded.size, pending = excluded.pending',
          info.digest,
          info.size,
          info.mediaType,
          bootId(),
        );
      });
    } catch (error) {
      rmSync(file, { force: true });
      throw storeError(error, 'store blob', info.digest);
    }
    return info;
  }

  /** Stores a small blob as a whole (manifest, config). @throws MicaError digest-mismatch, and nothing is stored */
  put(bytes: Uint8Array, mediaType: string, expected?: Digest): BlobInfo {
    const digest = expected ?? sha256(bytes);
    if (expected !== undefined) verifyBytes('blob', expected, bytes);
    const file = this.temporary();
    try {
      writeFileSync(file, bytes, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      rmSync(file, { force: true });
      throw storeError(error, 'write', file);
    }
    return this.adopt(file, { digest, size: bytes.length, mediaType });
  }

  path(digest: Digest): string {
    return this.files.path(digest);
  }
  /** See {@link BlobFiles.temporary}; {@link adopt} takes it over. @throws MicaError read-only */
  temporary(): string {
    this.#db.requireWritable();
    return this.files.temporary();
  }

  info(digest: Digest): BlobInfo | null {
    const row = this.#db.get('SELECT size, media_type FROM blobs WHERE digest = ?', digest);
    if (row === undefined) return null;
    return { digest, size: Number(row.size), mediaType: String(row.media_type) };
  }

  /** Whether the blob is there, whole: its length is looked at, its bytes are not. */
  has(digest: Digest): boolean {
    const info = this.info(digest);
    if (info === null) return false;
    const found = statSync(this.path(digest), { throwIfNoEntry: false });
    return found?.isFile() === true && found.size === info.size;
  }

  /** The same, and it stays: leased to this process, unless another one removed it between the look and that. */
  hold(digest: Digest): boolean {
    if (!this.has(digest)) return false;
    this.leases.take([digest]);
    return this.has(digest);
  }

  /** Bytes in the blob. @throws MicaError store-damaged when it is missing */
  size(digest: Digest): number {
    const info = this.info(digest);
    if (info === null) throw missing(digest);
    return info.size;
  }

  /** A small blob as a whole (manifest, config), verified. @throws MicaError digest-mismatch, store-damaged */
  read(digest: Digest, limit = 8 * 1024 * 1024): Uint8Array {
    if (this.size(digest) > limit)
      throw new MicaError('limit-exceeded', `blob ${digest} is larger than ${limit} bytes`, { subject: digest });
    this.#requireFile(digest);
    try {
      const bytes = readFileSync(this.path(digest));
      verifyBytes('blob', digest, bytes);
      return bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing(digest, error);
      throw storeError(error, 'read blob', digest);
    }
  }

  /** The caller consumes or destroys it. Bytes are not verified: see {@link verify}. */
  open(digest: Digest): Readable {
    this.size(digest);
    // Asked here: the stream would say of a path that it is not there, long after.
    this.#requireFile(digest);
    return createReadStream(this.path(digest), { highWaterMark: 1 << 18 });
  }

  /** Reads the whole blob and compares. @throws MicaError digest-mismatch, store-damaged */
  verify(digest: Digest): void {
    this.#requireFile(digest);
    const fd = openSync(this.path(digest), 'r');
    try {
      const hasher = digester(algorithmOf(digest));
      const buffer = new Uint8Array(1 << 20);
      for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) hasher.update(buffer.subarray(0, n));
      const actual = hasher.digest();
      if (actual !== digest) throw digestMismatch('blob', digest, actual);
    } finally {
      closeSync(fd);
    }
  }

  /** Opened, a fifo in its place would be waited for, and /dev/zero read for ever. */
  #requireFile(digest: Digest): void {
    if (!isFile(this.path(digest))) throw missing(digest);
  }

  all(): BlobInfo[] {
    return this.#db
      .all('SELECT digest, size, media_type FROM blobs')
      .map((row) => ({ digest: row.digest as Digest, size: Number(row.size), mediaType: String(row.media_type) }));
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function missing(digest: Digest, cause?: unknown): MicaError {
  return new MicaError('store-damaged', `blob ${digest} is not in the store`, {
    subject: digest,
    hint: 'load or import the image again; mica system check lists what is damaged',
    cause,
  });
}
