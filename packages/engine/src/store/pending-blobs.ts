import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MicaError } from '../error.ts';
import type { Digest } from '../reference/digest.ts';
import type { Database } from './database.ts';
import { bootId, storeError, syncPath } from './files.ts';

/** What this needs of the blobs themselves. */
interface Blobs {
  path(digest: Digest): string;
  verify(digest: Digest): void;
  readonly removal: { remove(digest: Digest): void };
}

/** Blobs that were written and may not have reached the disk: each is noted with the boot that wrote it. */
export class PendingBlobs {
  readonly #db: Database;
  readonly #blobs: Blobs;

  constructor(db: Database, blobs: Blobs) {
    this.#db = db;
    this.#blobs = blobs;
  }

  /** Blobs that are not known to be on disk, written at least so many milliseconds ago. One indexed query when there are none. */
  list(olderThan = 0): Digest[] {
    const rows = this.#db.all('SELECT digest FROM blobs WHERE pending IS NOT NULL');
    const digests = rows.map((row) => row.digest as Digest);
    if (olderThan === 0) return digests;
    const before = Date.now() - olderThan;
    return digests.filter((digest) => {
      const stat = statSync(this.#blobs.path(digest), { throwIfNoEntry: false });
      return stat !== undefined && stat.mtimeMs < before;
    });
  }

  /**
   * Brings pending blobs to the disk: what was written under this boot is fsynced, what an earlier boot
   * left pending is verified first and dropped when damaged. Idempotent. Returns what was dropped.
   */
  settle(which: readonly Digest[] = this.list()): { synced: number; dropped: Digest[] } {
    const dropped: Digest[] = [...this.recover()];
    const done: Digest[] = [];
    const folders = new Set<string>();
    for (const digest of which) {
      try {
        syncPath(this.#blobs.path(digest));
        done.push(digest);
        folders.add(dirname(this.#blobs.path(digest)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storeError(error, 'sync blob', digest);
      }
    }
    for (const folder of folders) syncPath(folder);
    this.settled(done);
    return { synced: done.length, dropped };
  }

  /** Notes that these are on disk: the caller has seen to it. */
  settled(digests: readonly Digest[]): void {
    if (digests.length === 0) return;
    this.#db.write(() => {
      for (const digest of digests)
        this.#db.run('UPDATE blobs SET pending = NULL WHERE digest = ? AND pending = ?', digest, bootId());
    });
  }

  /** After an unclean boot: verifies what that boot left pending. Costs one indexed query when there is nothing. */
  recover(): Digest[] {
    const dropped: Digest[] = [];
    const rows = this.#db.all('SELECT digest FROM blobs WHERE pending IS NOT NULL AND pending <> ?', bootId());
    for (const row of rows) {
      const digest = row.digest as Digest;
      try {
        this.#blobs.verify(digest);
        this.#db.run('UPDATE blobs SET pending = ? WHERE digest = ?', bootId(), digest);
      } catch (error) {
        if (!(error instanceof MicaError)) throw error;
        this.#blobs.removal.remove(digest);
        dropped.push(digest);
      }
    }
    return dropped;
  }
}
