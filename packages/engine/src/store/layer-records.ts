import type { Digest } from '../reference/digest.ts';
import type { Database, Row } from './database.ts';

/** A layer in the store: its diff ID and the blob that holds it, in whatever compression it came. */
export interface LayerRecord {
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number; // bytes of the blob
  readonly tarSize: number; // bytes of the uncompressed tar
  readonly entries: number | null; // not counted yet
}

export class LayerRecords {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  get(diffId: Digest): LayerRecord | null {
    const row = this.#db.get('SELECT * FROM layers WHERE diff_id = ?', diffId);
    return row === undefined ? null : record(row);
  }
  byDigest(digest: Digest): LayerRecord | null {
    const row = this.#db.get('SELECT * FROM layers WHERE digest = ?', digest);
    return row === undefined ? null : record(row);
  }
  all(): LayerRecord[] {
    return this.#db.all('SELECT * FROM layers').map(record);
  }
  /** The newest blob wins; a known entry count is never unlearned. */
  put(layer: LayerRecord): void {
    this.#db.write(() =>
      this.#db.run(
        `INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (diff_id) DO UPDATE SET digest = excluded.digest,
         media_type = excluded.media_type, size = excluded.size, tar_size = excluded.tar_size,
         entries = coalesce(excluded.entries, entries)`,
        layer.diffId,
        layer.digest,
        layer.mediaType,
        layer.size,
        layer.tarSize,
        layer.entries,
      ),
    );
  }
  setEntries(diffId: Digest, entries: number): void {
    this.#db.run('UPDATE layers SET entries = ? WHERE diff_id = ?', entries, diffId);
  }
}

function record(row: Row): LayerRecord {
  return {
    diffId: row.diff_id as Digest,
    digest: row.digest as Digest,
    mediaType: String(row.media_type),
    size: Number(row.size),
    tarSize: Number(row.tar_size),
    entries: row.entries === null ? null : Number(row.entries),
  };
}
