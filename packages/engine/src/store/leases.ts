import type { Digest } from '../reference/digest.ts';
import type { Database } from './database.ts';
import { isAlive, thisProcess } from './files.ts';

/** Which process still needs which blobs that no image holds yet. */
export class Leases {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps these from being pruned until released, used by an inserted image, or this process's end. */
  take(digests: Iterable<Digest>): void {
    const { pid, start } = thisProcess();
    this.#db.write(() => {
      for (const digest of digests) this.#db.run('INSERT OR IGNORE INTO leases VALUES (?, ?, ?)', digest, pid, start);
    });
  }

  release(digests: Iterable<Digest>): void {
    const { pid, start } = thisProcess();
    this.#db.write(() => {
      for (const digest of digests)
        this.#db.run('DELETE FROM leases WHERE digest = ? AND pid = ? AND start = ?', digest, pid, start);
    });
  }

  /** Digests leased by living processes; leases of dead ones are dropped. */
  held(): Set<Digest> {
    const held = new Set<Digest>();
    for (const row of this.#db.all('SELECT DISTINCT pid, start FROM leases')) {
      const owner = { pid: Number(row.pid), start: String(row.start) };
      if (isAlive(owner))
        for (const { digest } of this.#db.all(
          'SELECT digest FROM leases WHERE pid = ? AND start = ?',
          owner.pid,
          owner.start,
        ))
          held.add(digest as Digest);
      else this.#db.run('DELETE FROM leases WHERE pid = ? AND start = ?', owner.pid, owner.start);
    }
    return held;
  }
}
