import { lstatSync, rmSync } from 'node:fs';
import type { Digest } from '../reference/digest.ts';
import type { BlobFiles } from './blob-files.ts';
import type { Database } from './database.ts';
import type { Leases } from './leases.ts';

/** Takes blobs out of the store: first a row, then, when that is written, its file. */
export class BlobRemoval {
  readonly #db: Database;
  readonly #files: BlobFiles;
  readonly #leases: Leases;

  constructor(db: Database, files: BlobFiles, leases: Leases) {
    this.#db = db;
    this.#files = files;
    this.#leases = leases;
  }

  remove(digest: Digest): void {
    this.#db.write(() => this.forget(digest));
    this.#dropFiles([digest]);
  }

  /**
   * The row alone, in a transaction of the caller's: the file goes after that is written, by {@link sweepUnknown}. The
   * other way round a killed removal would leave a row whose bytes are gone, which is damage.
   */
  forget(digest: Digest): void {
    this.#db.run('DELETE FROM blobs WHERE digest = ?', digest);
    // Another blob may hold the same layer: a pulled gzip beside the plain tar of the commit.
    this.#db.run(
      `UPDATE layers SET (digest, media_type, size) = (SELECT f.digest, f.media_type, f.size FROM layer_forms f
       JOIN blobs USING (digest) WHERE f.diff_id = layers.diff_id LIMIT 1)
       WHERE digest = ? AND EXISTS (SELECT 1 FROM layer_forms f JOIN blobs USING (digest) WHERE f.diff_id = layers.diff_id)`,
      digest,
    );
    this.#db.run('DELETE FROM layers WHERE digest = ?', digest);
    this.#db.run('DELETE FROM leases WHERE digest = ?', digest);
  }

  /** Under the write lock, where none of them can be written again meanwhile; what has a row again stays. */
  #dropFiles(digests: Iterable<Digest>): void {
    this.#db.write(() => {
      for (const digest of digests)
        if (!this.#isKnown(digest)) rmSync(this.#files.path(digest), { recursive: true, force: true });
    });
  }

  /**
   * Takes back blobs of an operation that failed: what no image and no other process holds goes. With another
   * operation of this process under way, which may have been given them, they are left for the next prune.
   */
  discard(digests: Iterable<Digest>): void {
    if (!this.#leases.isOnlyOperation) return;
    const unused: Digest[] = [];
    this.#db.write(() => {
      for (const digest of digests) {
        this.#leases.release([digest]);
        const used =
          this.#db.get('SELECT 1 FROM image_blobs WHERE digest = ?', digest) ??
          this.#db.get('SELECT 1 FROM leases WHERE digest = ?', digest);
        if (used !== undefined) continue;
        this.forget(digest);
        unused.push(digest);
      }
    });
    this.#dropFiles(unused);
  }

  /**
   * Removes files without a row: those of blobs that were forgotten, and what a crash left between a rename and its
   * transaction. Under the write lock, where no one can be in between. Returns their bytes.
   */
  sweepUnknown(): number {
    return this.#db.write(() => {
      let bytes = 0;
      for (const { digest, path } of this.#files.all()) {
        if (this.#isKnown(digest)) continue;
        bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
        rmSync(path, { recursive: true, force: true });
      }
      return bytes;
    });
  }

  #isKnown(digest: Digest): boolean {
    return this.#db.get('SELECT 1 FROM blobs WHERE digest = ?', digest) !== undefined;
  }
}
