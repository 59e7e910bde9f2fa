import type { Digest } from '../reference/digest.ts';
import type { Database } from './database.ts';

/** What a container's last commit made, so that an unchanged one is committed again without reading a byte. */
export interface CommitRecord {
  readonly container: string;
  readonly image: Digest;
  readonly diffId: Digest | null;
  /** The commit module's key of the entry table it scanned. */
  readonly tableKey: string | null;
}

export class CommitIndex {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }
  get(container: string): CommitRecord | null {
    const row = this.#db.get('SELECT * FROM commits WHERE container = ?', container);
    if (row === undefined) return null;
    return {
      container,
      image: row.image as Digest,
      diffId: row.diff_id as Digest | null,
      tableKey: row.table_key as string | null,
    };
  }
  put(commit: CommitRecord): void {
    this.#db.run(
      'INSERT OR REPLACE INTO commits VALUES (?, ?, ?, ?)',
      commit.container,
      commit.image,
      commit.diffId,
      commit.tableKey,
    );
  }
}
