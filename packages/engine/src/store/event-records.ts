import { nanoseconds } from '../system/clock.ts';
import type { Database } from './database.ts';
import { textsOf } from './json-column.ts';

/** One thing that happened. `time` is nanoseconds since 1970. */
export interface EventRow {
  readonly seq: number;
  readonly time: bigint;
  readonly type: string; // container, image, network, volume
  readonly action: string; // create, start, die, tag, …
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How many stay: about 2 MB. */
const KEPT = 10_000;

/** What happened to containers, images, networks and volumes, in the order of its being written down; only ever appended to, the oldest dropped. */
export class EventRecords {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** In the transaction of the change that it tells of: neither is there without the other. */
  append(event: Omit<EventRow, 'seq'>): void {
    const { seq } = this.#db.get(
      'INSERT INTO events (time, type, action, id, attributes) VALUES (?, ?, ?, ?, ?) RETURNING seq',
      event.time,
      event.type,
      event.action,
      event.id,
      JSON.stringify(event.attributes),
    ) as { seq: number };
    if (seq % 100 === 0) this.#db.run('DELETE FROM events WHERE seq <= ?', seq - KEPT);
  }
  /** What happens now. */
  tell(type: string, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    this.append({ time: nanoseconds(), type, action, id, attributes });
  }
  /** After `seq`, in order; at most `limit`. */
  after(seq: number, limit = 1000): EventRow[] {
    return this.#db
      .all(
        'SELECT seq, CAST(time AS TEXT) AS time, type, action, id, attributes FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
        seq,
        limit,
      )
      .map((row) => ({
        seq: Number(row.seq),
        time: BigInt(String(row.time)),
        type: String(row.type),
        action: String(row.action),
        id: String(row.id),
        attributes: textsOf(row.attributes) ?? {},
      }));
  }
  last(): number {
    return Number(this.#db.get('SELECT max(seq) AS last FROM events')?.last ?? 0);
  }
}
