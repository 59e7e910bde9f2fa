import { type Digest, isDigest } from '../reference/digest.ts';
import type { Database, Row } from './database.ts';
import { textsOf } from './json-column.ts';

/** What a container's last commit made, so that an unchanged one is committed again without reading a byte. */
export interface CommitRecord {
  readonly container: string;
  readonly image: Digest;
  /** The topmost layer that holds the container's changes; null when there were none. */
  readonly diffId: Digest | null;
  /** Name of the file, in the container's folder, with the entry table that was scanned. */
  readonly tableKey: string | null;
  /** The commit module's own: digests of the files whose times could not be trusted. */
  readonly young: string;
  /** How many layers of `image` lie above the container's own image. */
  readonly layers: number;
}

/** By the number of the last event, which only ever rises, as a clock does not. */
const NOTE = `INSERT OR IGNORE INTO own_commits
  VALUES (?, ?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0))`;
/** So many commits of a container are known as its own, though their images are gone; and the end of the IDs of one in 256. */
const REMEMBERED = 1000;
const SWEEP = '00';

export class CommitIndex {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }
  get(container: string): CommitRecord | null {
    const row = this.#db.get('SELECT * FROM commits WHERE container = ?', container);
    // One that is damaged is none: the next commit reads everything.
    if (row === undefined || !isSound(row)) return null;
    return {
      container,
      image: row.image as Digest,
      diffId: row.diff_id as Digest | null,
      tableKey: row.table_key as string | null,
      young: String(row.young),
      layers: Number(row.layers),
    };
  }
  put(commit: CommitRecord): void {
    this.#db.run(
      'INSERT OR REPLACE INTO commits VALUES (?, ?, ?, ?, ?, ?)',
      commit.container,
      commit.image,
      commit.diffId,
      commit.tableKey,
      commit.young,
      commit.layers,
    );
  }
  /** Notes that an image was committed from the container. Idempotent. Now and then those that are long gone are forgotten. */
  own(container: string, image: Digest): void {
    const isNew = this.#db.run(NOTE, container, image) > 0;
    if (isNew && image.endsWith(SWEEP)) this.#forgetGone(container);
  }
  /** A sandbox that is checkpointed by the minute, and whose old images are removed, would note half a million a year. */
  #forgetGone(container: string): void {
    this.#db.run(
      `DELETE FROM own_commits WHERE container = ?1 AND image NOT IN (SELECT id FROM images) AND noted <
         (SELECT noted FROM own_commits WHERE container = ?1 AND image NOT IN (SELECT id FROM images)
          ORDER BY noted DESC LIMIT 1 OFFSET ${REMEMBERED - 1})`,
      container,
    );
  }
  /** Whether it was. */
  isOwn(container: string, image: Digest): boolean {
    return this.#db.get('SELECT 1 FROM own_commits WHERE container = ? AND image = ?', container, image) !== undefined;
  }
  delete(container: string): void {
    this.#db.run('DELETE FROM commits WHERE container = ?', container);
  }
}

function isSound({ table_key: key, young, layers, diff_id: diffId }: Row): boolean {
  const isFile = key === null || /^table-[\w-]+$/.test(String(key));
  const isLayer = diffId === null || isDigest(String(diffId));
  return isFile && isLayer && textsOf(young) !== null && Number(layers) >= 0;
}
