import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniqueName } from '../system/random.ts';
import type { Database } from './database.ts';
import { bootId, processStart, storeError, syncPath, thisProcess } from './files.ts';

/** The folder of notes in `layers/`, on whatever disk that is. */
const NOTES = 'unsettled';
/** `<boot ID>-<milliseconds>-<unique>` */
const NOTE = /^([0-9a-f-]{36})-(\d+)-/;
/** Names in `layers/` that begin so are of no use any more. */
const STALE = '.stale-';
/** What is being unpacked, and who does it; older builds noted only the process's number. */
const TEMPORARY = /^[.]tmp-(\d+)-(?:(\d+)-)?/;
/** A layer's directory, or what stands beside it (layer/unpacked.ts, layer/stack.ts). */
const UNPACKED = /^([0-9a-f]{64})(?:\.(table|leans|hides|same|base|base\.same))?$/;

/** A layer that was unpacked and may not be on disk. */
export interface UnpackedNote {
  readonly name: string;
  readonly boot: string;
  readonly at: number; // milliseconds since the epoch
}

/**
 * Whether the cache of unpacked layers may be trusted. It is never fsynced file by file: after a crash of
 * the machine a file in it may be empty that was not. So each layer is noted with this boot before it gets its
 * place, until all is on disk, and a note of another boot empties the cache; layers are unpacked
 * again when they are needed.
 *
 * A note is an empty file beside the layers: a file system writes names in the order in which they came, so none has
 * the layer without its note. A row of the database would come when that is written back. And each layer has
 * its own, or who settles others would take it for settled, too.
 */
export class UnpackedNotes {
  readonly #db: Database;
  readonly #folder: string;

  constructor(db: Database, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  /** Of what may not be on disk. One look at a folder that mostly is empty. */
  list(): UnpackedNote[] {
    const folder = join(this.#folder, NOTES);
    // Where something else is in the place of the layers, whoever needs them says so.
    return (existsSync(folder) ? namesIn(folder) : []).flatMap((name) => {
      const [, boot, at] = NOTE.exec(name) ?? [];
      return boot === undefined ? [] : [{ name, boot, at: Number(at) }];
    });
  }

  /** What these tell of is on disk. */
  settled(notes: readonly UnpackedNote[]): void {
    const folder = join(this.#folder, NOTES);
    for (const { name } of notes) rmSync(join(folder, name), { force: true });
    syncPath(folder);
  }

  /** Empties the cache when it was not on disk as the machine went down. */
  recover(): void {
    const isLeft = () => this.list().some(({ boot }) => boot !== bootId());
    if (!isLeft()) return;
    this.#db.write(() => {
      // Under the lock and asked again: another process may have done it, and unpacked since.
      if (!isLeft()) return;
      for (const name of namesIn(this.#folder)) if (!name.startsWith('.') && name !== NOTES) this.#putAside(name);
      this.#putAside(NOTES); // at last: cut off in between, the next one goes on
    });
    this.sweep();
  }

  /**
   * Puts the layers aside whose diff ID, or that of the chain they were placed for, `isUnwanted`: each is out of sight in
   * one rename, so nobody who is killed leaves half of one under a name that is trusted. Their names; {@link sweep} removes
   * them. In a transaction, and while no container stands on any.
   */
  discard(isUnwanted: (hex: string) => boolean): string[] {
    const names = namesIn(this.#folder);
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

  #putAside(name: string): void {
    try {
      renameSync(join(this.#folder, name), join(this.#folder, `${STALE}${uniqueName()}`));
    } catch (error) {
      throw storeError(error, 'remove', name);
    }
  }
}

/** Before a layer gets its place in `folder`. */
export function noteUnpacked(folder: string): void {
  const notes = join(folder, NOTES);
  mkdirSync(notes, { recursive: true, mode: 0o700 });
  writeFileSync(join(notes, `${bootId()}-${Date.now()}-${uniqueName()}`), '', { flag: 'wx', mode: 0o600 });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storeError(error, 'read', folder);
  }
}

/** Name of a folder in which this process unpacks. A container's command has the same number each time. */
export function temporaryName(): string {
  const { pid, start } = thisProcess();
  return `.tmp-${pid}-${start}-${uniqueName()}`;
}

/** Removes what processes that are no more left half unpacked. One look at the names in the cache. */
export function sweepHalfUnpacked(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [, pid, start] = TEMPORARY.exec(name) ?? [];
    const living = pid === undefined ? undefined : processStart(Number(pid));
    const ended = pid !== undefined && (living === undefined || living !== (start ?? living));
    if (!ended && !name.startsWith(STALE)) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch (error) {
      // Another process sweeps the same folder.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}
