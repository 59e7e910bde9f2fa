import { closeSync, mkdirSync } from 'node:fs';
import { DIRECTORY, fdPath, openIn, type Scope } from '../system/in-root.ts';

/** Where a tree is planted. */
export interface Ground {
  /** An open directory that nothing may lead out of; the caller's. */
  readonly fd: number;
  /** Where in it the tree is planted, no slash at either end. */
  readonly at: Buffer;
  /** How a folder below is reached: `root` follows the container's own symlinks inside it. */
  readonly scope: Scope;
}

/** The folders of a tree that is being planted: reached, made where they are not there, and noted. `close` ends it. */
export class PlantedFolders {
  readonly #ground: Ground;
  readonly #made: Buffer[] = [];
  #parentPath: Buffer | null = null;
  #parentFd = -1;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Names that were not there before, by their parent: what an abort removes. Those below them go along. */
  get made(): readonly Buffer[] {
    return this.#made;
  }
  /** The folder that the last {@link parent} gave, still open. */
  get current(): number | null {
    return this.#parentFd < 0 ? null : this.#parentFd;
  }

  /**
   * The open folder of a path, and its last name; folders that the tree does not name are made. It stays open until
   * one of another folder is asked for.
   */
  parent(path: Buffer): [dir: number, name: Buffer] {
    const end = path.lastIndexOf(SLASH);
    const parent = end < 0 ? none : path.subarray(0, end);
    if (this.#parentPath === null || !this.#parentPath.equals(parent)) {
      const fd = this.open(parent);
      this.close();
      this.#parentFd = fd;
      this.#parentPath = Buffer.from(parent);
    }
    return [this.#parentFd, path.subarray(end + 1)];
  }

  /** Remembers the topmost name that is new. */
  note(path: Buffer): void {
    const last = this.#made.at(-1);
    if (last && path.length > last.length && path[last.length] === SLASH && path.subarray(0, last.length).equals(last))
      return;
    this.#made.push(path);
  }

  /** A folder of the tree, made where it is not there. The caller closes it. */
  open(dir: Buffer): number {
    const { fd, at, scope } = this.#ground;
    const full = dir.length === 0 ? at : at.length === 0 ? dir : Buffer.concat([at, slash, dir]);
    try {
      return openIn(fd, full, DIRECTORY, scope);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dir.length === 0) throw error;
    }
    const end = dir.lastIndexOf(SLASH);
    const above = this.open(end < 0 ? none : dir.subarray(0, end));
    try {
      mkdirSync(fdPath(above, dir.subarray(end + 1)), 0o755);
      this.note(dir);
    } finally {
      closeSync(above);
    }
    return openIn(fd, full, DIRECTORY, scope);
  }

  close(): void {
    if (this.#parentFd >= 0) closeSync(this.#parentFd);
    this.#parentFd = -1;
    this.#parentPath = null;
  }
}

const SLASH = 0x2f;
const slash = Buffer.from('/');
const none = Buffer.alloc(0);
