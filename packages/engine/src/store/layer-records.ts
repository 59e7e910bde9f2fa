import { type Digest, isDigest } from '../reference/digest.ts';
import type { Database, Row } from './database.ts';

/** A layer's blob, in whatever compression it came. */
interface LayerBlob {
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number; // bytes of the blob
  readonly tarSize: number; // bytes of the uncompressed tar
}

/** A layer in the store: its diff ID and the blob that holds it. */
export interface LayerRecord extends LayerBlob {
  readonly entries: number | null; // not counted yet
}

/**
 * One blob that holds a layer. The plain tar, a pulled gzip and the one that a push made are three forms of
 * one layer; the form outlives the blob, so that a second push sends nothing and compresses nothing.
 */
export interface LayerForm extends LayerBlob {
  /** How it was made from the plain tar (`gzip:6`), null when it came as it is. */
  readonly recipe: string | null;
}

export class LayerRecords {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Null too where the row is damaged: what stands there would go into the manifest of the next image. */
  get(diffId: Digest): LayerRecord | null {
    return this.among([diffId]).get(diffId) ?? null;
  }
  /** The same of many at once: a query for each layer of an image of a hundred takes 5 ms. */
  among(diffIds: readonly Digest[]): Map<Digest, LayerRecord> {
    const rows = this.#db.all(
      `SELECT layers.*, blobs.size AS stored FROM layers LEFT JOIN blobs USING (digest)
       WHERE diff_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(diffIds),
    );
    return new Map(rows.filter(isSound).map((row) => [row.diff_id as Digest, record(row)]));
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
    this.#db.write(() => {
      this.putForm({ ...layer, recipe: null });
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
      );
    });
  }
  /** Learns a form. Idempotent. */
  putForm(form: LayerForm): void {
    this.#db.run(
      'INSERT OR IGNORE INTO layer_forms VALUES (?, ?, ?, ?, ?, ?)',
      form.digest,
      form.diffId,
      form.mediaType,
      form.size,
      form.tarSize,
      form.recipe,
    );
  }
  formOf(digest: Digest): LayerForm | null {
    const row = this.#db.get('SELECT * FROM layer_forms WHERE digest = ?', digest);
    return row === undefined ? null : form(row);
  }
  forms(diffId: Digest): LayerForm[] {
    return this.#db.all('SELECT * FROM layer_forms WHERE diff_id = ? ORDER BY digest', diffId).map(form);
  }
  setEntries(diffId: Digest, entries: number): void {
    this.#db.run('UPDATE layers SET entries = ? WHERE diff_id = ?', entries, diffId);
  }
}

function form(row: Row): LayerForm {
  return { ...blob(row), recipe: row.recipe === null ? null : String(row.recipe) };
}

function record(row: Row): LayerRecord {
  return { ...blob(row), entries: row.entries === null ? null : Number(row.entries) };
}

function blob(row: Row): LayerBlob {
  return {
    diffId: row.diff_id as Digest,
    digest: row.digest as Digest,
    mediaType: String(row.media_type),
    size: Number(row.size),
    tarSize: Number(row.tar_size),
  };
}

function isSound({ digest, size, stored, tar_size: tarSize }: Row): boolean {
  const sizes = [size, tarSize].every((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  return sizes && isDigest(String(digest)) && (stored === null || stored === size);
}
