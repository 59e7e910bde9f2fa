import { existsSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes: what the database's log may grow by while a few containers and images are removed. */
const SIZE = 1 << 20;
/** Below this it is left to whoever needs the disk. */
const ENOUGH = 16 * SIZE;

/**
 * A file that takes room away as long as there is plenty. Each removal writes to the database first, which
 * on a full disk it cannot: then nothing could be removed, so the disk would stay full. What removes and ends
 * gives this file up before, and it is made again once there is room.
 */
export class Reserve {
  readonly #root: string;
  readonly #file: string;

  readonly #shrink: () => void;

  /** `shrink` gives back what the database can do without. */
  constructor(root: string, shrink: () => void) {
    this.#root = root;
    this.#shrink = shrink;
    this.#file = join(root, 'reserve');
  }

  /** Gives its bytes to what follows, if they are needed. Idempotent; 20 µs when they are not. */
  giveUp(): void {
    if (this.#free() >= SIZE) return;
    rmSync(this.#file, { force: true });
    if (this.#free() < SIZE) this.#shrink();
  }

  /** Makes it where there is room enough. Idempotent. */
  restore(): void {
    if (existsSync(this.#file) || this.#free() < ENOUGH) return;
    const file = `${this.#file}.${process.pid}`;
    try {
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
