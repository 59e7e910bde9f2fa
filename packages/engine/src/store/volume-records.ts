import { requireText } from '../argument.ts';
import type { Database, Row } from './database.ts';
import { textsOf } from './json-column.ts';

export interface VolumeRecord {
  readonly name: string;
  readonly created: string; // RFC 3339
  readonly anonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Volumes and which containers have them. Files are the volume module's own. */
export class VolumeRecords {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  get(name: string): VolumeRecord | null {
    requireText(name, 'volume');
    const row = this.#db.get('SELECT * FROM volumes WHERE name = ?', name);
    return row === undefined ? null : record(row);
  }
  /** By name, as docker lists them. */
  list(): VolumeRecord[] {
    return this.#db.all('SELECT * FROM volumes ORDER BY name').map(record);
  }
  insert(volume: VolumeRecord): void {
    this.#db.run(
      'INSERT INTO volumes VALUES (?, ?, ?, ?)',
      volume.name,
      volume.created,
      volume.anonymous ? 1 : 0,
      JSON.stringify(volume.labels),
    );
  }
  delete(name: string): void {
    this.#db.run('DELETE FROM volumes WHERE name = ?', name);
  }

  /** From now on the volume cannot be removed; the use ends with the container's own row. */
  use(name: string, container: string): void {
    this.#db.run('INSERT OR IGNORE INTO volume_uses VALUES (?, ?)', name, container);
  }
  usersOf(name: string): string[] {
    return this.#db.all('SELECT container FROM volume_uses WHERE volume = ?', name).map((row) => String(row.container));
  }
  usedBy(container: string): string[] {
    return this.#db
      .all('SELECT volume FROM volume_uses WHERE container = ?', container)
      .map((row) => String(row.volume));
  }
}

function record(row: Row): VolumeRecord {
  return {
    name: String(row.name),
    created: String(row.created),
    anonymous: row.anonymous === 1,
    labels: textsOf(row.labels) ?? {},
  };
}
