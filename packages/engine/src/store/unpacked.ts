import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { uniqueName } from '../system/random.ts';
import type { Database } from './database.ts';
import { bootId, processStart, storeError } from './files.ts';
import { jsonOf } from './json-column.ts';
import { fields, text, whole } from './shape.ts';

const KEY = 'unpacked';
/** Names in `layers/` that begin so are of no use any more. */
const STALE = '.stale-';
/** What is being unpacked, and who does it. */
const TEMPORARY = /^[.]tmp-(\d+)-/;
/** A layer's directory, or what stands beside it (layer/unpacked.ts, layer/stack.ts). */
const UNPACKED = /^([0-9a-f]{64})(?:\.(table|leans|hides|same|base|base\.same))?$/;

/**
 * Whether the cache of unpacked layers may be trusted. It is never fsynced file by file: after a crash of
 * the machine a file in it may be empty that was not. So the first layer unpacked since everything was
 * on disk is noted with this boot, and a note of another boot empties the cache; layers are unpacked
 * again when they are needed.
 */
export class UnpackedNote {
  readonly #db: Database;
  readonly #folder: string;
  #noted = false;

  constructor(db: Database, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  /** Before a layer appears in the cache. */
  note(): void {
    if (this.#noted) return;
    const value = JSON.stringify({ boot: bootId(), at: Date.now() });
    this.#db.run('INSERT OR IGNORE INTO settings VALUES (?, ?)', KEY, value);
    this.#noted = true;
  }

  /** When the first layer was unpacked that may not be on disk, milliseconds; null when all are. */
  since(): number | null {
    return this.#read()?.at ?? null;
  }

  /** Everything that was in the cache at that time is on disk. */
  settled(since: number): void {
    this.#db.write(() => {
      const found = this.#read();
      if (found?.boot === bootId() && found.at === since) this.#db.run('DELETE FROM settings WHERE key = ?', KEY);
    });
    this.#noted = false;
  }

  /** Empties the cache when it was not on disk as the machine went down. Costs one look-up otherwise. */
  recover(): void {
    const found = this.#read();
    if (found === null || found.boot === bootId()) return;
    this.#db.write(() => {
      // Under the lock and asked again: another process may have done it, and unpacked since.
      if (this.#read()?.boot === bootId() || this.#read() === null) return;
      for (const name of this.#names()) if (!name.startsWith('.')) this.#putAside(name);
      this.#db.run('DELETE FROM settings WHERE key = ?', KEY);
    });
    this.sweep();
  }

  /**
   * Puts the layers aside whose diff ID, or that of the chain they were placed for, `isUnwanted`: each is out of sight in
   * one rename, so nobody who is killed leaves half of one under a name that is trusted. Their names; {@link sweep} removes
   * them. In a transaction, and while no container stands on any.
   */
  discard(isUnwanted: (hex: string) => boolean): string[] {
    const names = this.#names();
    const unpacking = names.some((name) => TEMPORARY.test(name));
    const found: string[] = [];
    // A directory comes before its marks, which it must not be seen without.
    for (const name of names.sort()) {
      const [, hex, mark] = UNPACKED.exec(name) ?? [];
      if (hex === undefined || !isUnwanted(hex)) continue;
      // Marks are written first: somebody may be about to put their directory beside them.
      if (unpacking && (mark === 'leans' || mark === 'hides') && !found.includes(hex)) continue;
      this.#putAside(name);
      found.push(name);
    }
    return found;
  }

  /** See {@link sweepHalfUnpacked}. */
  sweep(): void {
    sweepHalfUnpacked(this.#folder);
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw storeError(error, 'read', this.#folder);
    }
  }
  #putAside(name: string): void {
    try {
      renameSync(join(this.#folder, name), join(this.#folder, `${STALE}${uniqueName()}`));
    } catch (error) {
      throw storeError(error, 'remove', name);
    }
  }

  #read(): Note | null {
    const row = this.#db.get('SELECT value FROM settings WHERE key = ?', KEY);
    if (row === undefined) return null;
    const note = jsonOf(row.value);
    // One that is damaged: as if written now. Emptied, the cache would go from under the containers that run.
    return isNote(note) ? (note as Note) : { boot: bootId(), at: 0 };
  }
}

interface Note {
  readonly boot: string;
  readonly at: number;
}
const isNote = fields({ boot: text, at: whole });

/** Removes what processes that are no more left half unpacked. One look at the names in the cache. */
export function sweepHalfUnpacked(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const pid = TEMPORARY.exec(name)?.[1];
    const left = name.startsWith(STALE) || (pid !== undefined && processStart(Number(pid)) === undefined);
    if (!left) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch (error) {
      // Another process sweeps the same folder.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}
