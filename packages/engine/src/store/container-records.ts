import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import type { Digest } from '../reference/digest.ts';
import type { Database, Row } from './database.ts';
import { jsonOf } from './json-column.ts';

/** `record` is the container module's own JSON; the store only keeps it. */
export interface ContainerRow<T> {
  readonly id: string; // 64 hex
  readonly name: string; // without the leading slash
  readonly image: Digest;
  readonly created: string; // RFC 3339
  readonly record: T;
  /** Its record in the database is not one: `record` stands for it. */
  readonly isDamaged?: true;
}

/** What that module says of a record: whether it can be used, and what stands for one that cannot. */
export interface RecordShape {
  isSound(record: unknown): boolean;
  damaged(image: Digest): object;
  /** A sound one as it is where the store is now. */
  placed(record: object): object;
}

export class ContainerRecords {
  /** Set by the module whose records they are. Until then any JSON will do. */
  shape: RecordShape = {
    isSound: (record) => record !== undefined,
    damaged: () => ({}),
    placed: (record) => record,
  };
  /** Set by it as well: the names in `layers/` that containers of an image need; null where nobody can tell. */
  standsOn: (image: Digest) => readonly Digest[] | null = () => null;
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws MicaError conflict when the name is taken, worded as docker's */
  insert<T>(row: ContainerRow<T>): void {
    this.#db.write(() => {
      this.#refuseTaken(row.name, row.id);
      this.#db.run(
        'INSERT INTO containers VALUES (?, ?, ?, ?, ?)',
        row.id,
        row.name,
        row.image,
        row.created,
        JSON.stringify(row.record),
      );
    });
  }
  get<T>(id: string): ContainerRow<T> | null {
    const row = this.#db.get('SELECT * FROM containers WHERE id = ?', id);
    return row === undefined ? null : this.#row<T>(row);
  }
  /** Reads, changes and writes back in one transaction. @throws MicaError no-such-container */
  update<T>(id: string, change: (record: T) => T): T {
    return this.#db.write(() => {
      const row = this.get<T>(id);
      if (row === null) throw noSuchContainer(id);
      // What was there would be lost for who might mend it.
      if (row.isDamaged) throw damagedContainer(row);
      const record = change(row.record);
      this.#db.run('UPDATE containers SET record = ? WHERE id = ?', JSON.stringify(record), id);
      return record;
    });
  }
  /** @throws MicaError conflict, no-such-container */
  rename(id: string, name: string): void {
    this.#db.write(() => {
      this.#refuseTaken(name, id);
      if (this.#db.run('UPDATE containers SET name = ? WHERE id = ?', name, id) === 0) throw noSuchContainer(id);
    });
  }
  /** Newest first. */
  list<T>(): ContainerRow<T>[] {
    return this.#db.all('SELECT * FROM containers ORDER BY created DESC, id').map((row) => this.#row<T>(row));
  }
  /** Oldest first; without the records, which are 12 KB each. */
  names(): { id: string; name: string }[] {
    return this.#db
      .all('SELECT id, name FROM containers ORDER BY created, id DESC')
      .map(({ id, name }) => ({ id: String(id), name: String(name) }));
  }
  byImage<T>(image: Digest): ContainerRow<T>[] {
    return this.#db
      .all('SELECT * FROM containers WHERE image = ? ORDER BY created DESC', image)
      .map((row) => this.#row<T>(row));
  }
  hasImage(image: Digest): boolean {
    return this.#db.get('SELECT 1 FROM containers WHERE image = ? LIMIT 1', image) !== undefined;
  }
  countByImage(): Map<Digest, number> {
    const rows = this.#db.all('SELECT image, count(*) AS n FROM containers GROUP BY image');
    return new Map(rows.map((row) => [row.image as Digest, Number(row.n)]));
  }
  /** By full ID, then name, then ID prefix. @throws MicaError no-such-container, ambiguous */
  find<T>(text: string): ContainerRow<T> {
    requireText(text, 'container');
    const name = text.startsWith('/') ? text.slice(1) : text;
    const exact =
      this.#db.get('SELECT * FROM containers WHERE id = ?', text) ??
      this.#db.get('SELECT * FROM containers WHERE name = ?', name);
    if (exact !== undefined) return this.#row<T>(exact);
    if (!/^[0-9a-f]{1,64}$/.test(text)) throw noSuchContainer(text);
    const rows = this.#db.all('SELECT * FROM containers WHERE id >= ? AND id < ? LIMIT 2', text, `${text}g`);
    if (rows.length > 1)
      throw new MicaError('ambiguous', `Multiple IDs found with provided prefix: ${text}`, {
        subject: text,
        hint: 'give more digits of the ID',
      });
    if (rows[0] === undefined) throw noSuchContainer(text);
    return this.#row<T>(rows[0]);
  }
  isEmpty(): boolean {
    return this.#db.get('SELECT 1 FROM containers LIMIT 1') === undefined;
  }
  delete(id: string): boolean {
    return this.#db.write(() => {
      this.#db.run('DELETE FROM commits WHERE container = ?', id);
      this.#db.run('DELETE FROM own_commits WHERE container = ?', id);
      this.#db.run('DELETE FROM volume_uses WHERE container = ?', id);
      this.#db.run('DELETE FROM endpoints WHERE container = ?', id);
      return this.#db.run('DELETE FROM containers WHERE id = ?', id) > 0;
    });
  }

  nameTaken(name: string): boolean {
    return this.#db.get('SELECT 1 FROM containers WHERE name = ?', name) !== undefined;
  }

  #row<T>(row: Row): ContainerRow<T> {
    const image = row.image as Digest;
    const about = { id: String(row.id), name: String(row.name), image, created: String(row.created) };
    const record = jsonOf(row.record);
    return this.shape.isSound(record)
      ? { ...about, record: this.shape.placed(record as object) as T }
      : { ...about, record: this.shape.damaged(image) as T, isDamaged: true };
  }

  #refuseTaken(name: string, id: string): void {
    const holder = this.#db.get('SELECT id FROM containers WHERE name = ? AND id <> ?', name, id);
    if (holder !== undefined)
      throw new MicaError(
        'conflict',
        `Conflict. The container name "/${name}" is already in use by container "${String(holder.id)}". You have to remove (or rename) that container to be able to reuse that name.`,
        {
          subject: name,
          hint: `mica rm ${name} removes it, mica rename ${name} NEW_NAME keeps it; or choose another name`,
        },
      );
  }
}

/** Of one that is asked to do more than be shown, or go. */
export function damagedContainer({ id, name }: { readonly id: string; readonly name: string }): MicaError {
  return new MicaError('store-damaged', `container ${name} is damaged: what mica.db says of it is not readable`, {
    subject: name,
    hint: `mica rm -f ${name} removes it; what it wrote is in containers/${id.slice(0, 12)}…/upper`,
  });
}

function noSuchContainer(text: string): MicaError {
  return new MicaError('no-such-container', `No such container: ${text}`, {
    subject: text,
    hint: 'mica ps -a lists them',
  });
}
