import type { Digest } from '../reference/digest.ts';
import type { Database } from './database.ts';
import { isAlive, thisProcess } from './files.ts';

/**
 * Which process still needs which blobs that no image holds yet. A lease is the process's, whichever of its operations
 * took it; all of them end with the last operation that is under way.
 */
export class Leases {
  readonly #db: Database;
  readonly #taken = new Set<Digest>();
  #operations = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Something that may take leases is under way until the caller disposes of this. */
  operation(): Disposable {
    this.#operations++;
    return {
      [Symbol.dispose]: () => {
        if (--this.#operations === 0) this.#end();
      },
    };
  }
  /** Whether no other operation of this process may have been given what this one gives back. */
  get isOnlyOperation(): boolean {
    return this.#operations <= 1;
  }

  /** Keeps these from being pruned until they are released, or no operation of this process is under way. */
  take(digests: Iterable<Digest>): void {
    const { pid, start } = thisProcess();
    this.#db.write(() => {
      for (const digest of digests) {
        this.#db.run('INSERT OR IGNORE INTO leases VALUES (?, ?, ?)', digest, pid, start);
        this.#taken.add(digest);
      }
    });
  }

  /** For what an image holds now, or nobody wants; while another operation is under way they stay. */
  release(digests: Iterable<Digest>): void {
    if (!this.isOnlyOperation) return;
    const { pid, start } = thisProcess();
    this.#db.write(() => {
      for (const digest of digests) {
        if (!this.#taken.delete(digest)) continue;
        this.#db.run('DELETE FROM leases WHERE digest = ? AND pid = ? AND start = ?', digest, pid, start);
        this.#db.ifUndone(() => this.#taken.add(digest));
      }
    });
  }

  #end(): void {
    if (this.#taken.size === 0) return;
    const { pid, start } = thisProcess();
    try {
      this.#db.run('DELETE FROM leases WHERE pid = ? AND start = ?', pid, start);
      this.#taken.clear();
    } catch {
      // a full disk, or a store that was closed meanwhile: they end with the next operation, or the process
    }
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
