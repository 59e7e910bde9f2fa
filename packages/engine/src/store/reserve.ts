import { existsSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setAside } from '../system/set-aside.ts';

/** Bytes: what the database's log may grow by while a few containers and images are removed. */
const SIZE = 1 << 20;
/** What the database's log takes before its pages go to where they belong: 256 pages (database.ts) and a frame's head for each. */
const LOG = 5 << 18;
/** Below this it is left to whoever needs the disk. */
const ENOUGH = 16 * SIZE;

/**
 * A file that takes room away as long as there is plenty. Each removal writes to the database first, which
 * on a full disk it cannot: then nothing could be removed, so the disk would stay full. What removes and ends
 * gives this file up before, and it is made again once there is room. Who needed the room may take that megabyte, too:
 * so the database's log, which begins anew where it began, has blocks of its own that nobody can take.
 */
export class Reserve {
  readonly #root: string;
  readonly #file: string;
  readonly #log: string;
  readonly #empty: () => void;

  /** `empty` has the database's log, the file `log`, begin anew. */
  constructor(root: string, log: string, empty: () => void) {
    this.#root = root;
    this.#log = log;
    this.#empty = empty;
    this.#file = join(root, 'reserve');
  }

  /** Gives its bytes to what follows, if they are needed. Idempotent; 20 µs when they are not. */
  giveUp(): void {
    if (this.#free() >= SIZE) return;
    try {
      rmSync(this.#file, { force: true });
    } catch {
      return; // a disk that may not be written: what follows says so
    }
    if (this.#free() < SIZE) this.#empty();
  }

  /** Makes both where there is room enough. Idempotent. */
  restore(): void {
    if (this.#free() < ENOUGH) return;
    const file = `${this.#file}.${process.pid}`;
    try {
      setAside(this.#log, LOG);
      if (existsSync(this.#file)) return;
      writeFileSync(file, new Uint8Array(SIZE), { mode: 0o600 });
      renameSync(file, this.#file);
    } catch {
      rmSync(file, { force: true }); // never the reason why something else fails
    }
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(this.#root);
    return bavail * bsize;
  }
}
