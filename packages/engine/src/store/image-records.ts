import type { Digest } from '../reference/digest.ts';
import type { Database, Row } from './database.ts';
import { textsOf } from './json-column.ts';
import type { Leases } from './leases.ts';

export interface ImageRecord {
  readonly id: Digest; // digest of the config
  readonly manifest: Digest;
  readonly created: string; // RFC 3339; empty when the image does not say
  readonly size: number; // bytes, sum of the uncompressed layers
  readonly parent: Digest | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** Images and the references that point at them. References are canonical names. */
export class ImageRecords {
  readonly #db: Database;
  readonly #leases: Leases;
  readonly #read: (id: Digest) => Uint8Array;
  /** `read` gives an image's config: what the database repeats of it, and may have lost. */
  constructor(db: Database, leases: Leases, read: (id: Digest) => Uint8Array) {
    this.#db = db;
    this.#leases = leases;
    this.#read = read;
  }

  /**
   * Idempotent. `blobs` is all that the image needs kept: manifest, config and layers. Ends their leases.
   * One image may come under several manifests (plain layers in one, gzip in the other): the first stays its
   * own, and the blobs of all are kept for as long as it is.
   */
  insert(image: ImageRecord, blobs: readonly Digest[], references: readonly string[] = []): void {
    this.#db.write(() => {
      this.#db.run(
        `INSERT INTO images VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
         parent = coalesce(parent, excluded.parent)`,
        image.id,
        image.manifest,
        image.created,
        image.size,
        image.parent,
        JSON.stringify(image.labels),
      );
      this.keep(image.id, blobs);
      for (const name of references) this.tag(name, image.id);
    });
  }

  get(id: Digest): ImageRecord | null {
    const row = this.#db.get('SELECT * FROM images WHERE id = ?', id);
    return row === undefined ? null : this.#record(row);
  }
  /** Newest first, as docker lists them. */
  all(): ImageRecord[] {
    return this.#db.all('SELECT * FROM images ORDER BY created DESC, id').map((row) => this.#record(row));
  }
  /** At most `limit` images whose ID begins with these hex digits. */
  byPrefix(hex: string, limit = 2): ImageRecord[] {
    const low = `sha256:${hex}`;
    return this.#db
      .all('SELECT * FROM images WHERE id >= ? AND id < ? LIMIT ?', low, `${low}g`, limit)
      .map((row) => this.#record(row));
  }
  byManifest(manifest: Digest): ImageRecord[] {
    return this.#db.all('SELECT * FROM images WHERE manifest = ?', manifest).map((row) => this.#record(row));
  }
  children(id: Digest): ImageRecord[] {
    return this.#db.all('SELECT * FROM images WHERE parent = ?', id).map((row) => this.#record(row));
  }
  blobs(id: Digest): Digest[] {
    return this.#db.all('SELECT digest FROM image_blobs WHERE image = ?', id).map((row) => row.digest as Digest);
  }
  /** The image and every name of it; its blobs stay until the next prune. */
  delete(id: Digest): void {
    this.#db.write(() => {
      this.#db.run('DELETE FROM refs WHERE image = ?', id);
      this.#db.run('DELETE FROM image_blobs WHERE image = ?', id);
      this.#db.run('DELETE FROM images WHERE id = ?', id);
    });
  }

  /** Moves the name when it pointed elsewhere. `target` is the manifest or index it came with. */
  tag(name: string, image: Digest, target: Digest | null = null): void {
    this.#db.run(
      `INSERT INTO refs (name, image, target) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET image = excluded.image, target = excluded.target`,
      name,
      image,
      target,
    );
  }
  /** The manifest or index that a name came with; null when it is the image's own. */
  target(name: string): Digest | null {
    return (this.#db.get('SELECT target FROM refs WHERE name = ?', name)?.target as Digest | null | undefined) ?? null;
  }
  /** Names by digest: what registries know images as, by pull or push. */
  published(): { name: string; target: Digest }[] {
    return this.#db
      .all("SELECT name, target FROM refs WHERE name LIKE '%@%' AND target IS NOT NULL ORDER BY name")
      .map((row) => ({ name: String(row.name), target: row.target as Digest }));
  }
  /** Whether a registry has this very manifest. */
  isPublished(manifest: Digest): boolean {
    return this.#db.get("SELECT 1 FROM refs WHERE target = ? AND name LIKE '%@%'", manifest) !== undefined;
  }
  /** More blobs that stay for as long as the image does. Ends their leases. */
  keep(image: Digest, blobs: readonly Digest[]): void {
    this.#db.write(() => {
      this.#db.run('INSERT OR IGNORE INTO image_blobs SELECT ?, value FROM json_each(?)', image, JSON.stringify(blobs));
      this.#leases.release(blobs);
    });
  }
  untag(name: string): boolean {
    return this.#db.run('DELETE FROM refs WHERE name = ?', name) > 0;
  }
  lookup(name: string): Digest | null {
    return (this.#db.get('SELECT image FROM refs WHERE name = ?', name)?.image as Digest | undefined) ?? null;
  }
  references(image: Digest): string[] {
    return this.#db.all('SELECT name FROM refs WHERE image = ? ORDER BY name', image).map((row) => String(row.name));
  }
  allReferences(): { name: string; image: Digest }[] {
    return this.#db
      .all('SELECT name, image FROM refs ORDER BY name')
      .map((row) => ({ name: String(row.name), image: row.image as Digest }));
  }

  #record(row: Row): ImageRecord {
    const id = row.id as Digest;
    return {
      id,
      manifest: row.manifest as Digest,
      created: String(row.created),
      size: Number(row.size),
      parent: row.parent === null ? null : (row.parent as Digest),
      labels: textsOf(row.labels) ?? this.#labelsOf(id),
    };
  }
  /** None where the config cannot be read either: then all of the image is damaged, and whoever uses it is told. */
  #labelsOf(id: Digest): Readonly<Record<string, string>> {
    try {
      const { config } = JSON.parse(Buffer.from(this.#read(id)).toString()) as { config?: { Labels?: unknown } };
      return textsOf(JSON.stringify(config?.Labels)) ?? {};
    } catch {
      return {};
    }
  }
}
