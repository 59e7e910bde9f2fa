import { closeSync, constants, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { copyRange } from '../system/copy-range.ts';
import { systemError } from '../system/errno.ts';
import { fdLink, fdPath, fdSelf } from '../system/in-root.ts';
import { isMountPoint } from '../system/mount.ts';
import { giveName, openUnnamed } from '../system/unnamed-file.ts';
import { ofFile, type Settable } from './attributes.ts';

const EBUSY = 16;

/**
 * A file that is being written, and that nothing shows before it is whole: it has no name, so that a process that is
 * killed leaves nothing of it, or a hidden one where the file system has no such files. Its owner closes it, and
 * takes the hidden name away where it never {@link appear}ed.
 */
export class NewFile implements Disposable {
  readonly #hidden: Buffer;
  #fd: number;
  #isNamed = false;

  /** In the open folder `dir`; `hidden` is nothing else's name there. */
  constructor(dir: number, hidden: Buffer) {
    this.#hidden = fdPath(dir, hidden);
    const unnamed = openUnnamed(fdSelf(dir));
    this.#fd = unnamed ?? this.#openHidden();
  }

  write(bytes: Uint8Array, offset: number): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, offset + at);
  }

  /** All that an open file has, from where it stands. */
  copy(from: number): void {
    copyRange(from, this.#fd);
  }

  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
  }

  /** Shows it, whole, at `path`, in the place of what is there; `settle` sets its attributes, on a copy once more. */
  appear(path: Buffer, settle: (what: Settable) => void): void {
    settle(ofFile(this.#fd));
    if (!this.#isNamed && this.#nameAs(path, settle)) return;
    try {
      replace(this.#hidden, path);
    } catch (error) {
      // A file that is mounted there, as /etc/hosts is, can only be written in place.
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      this.#overwrite(path);
      unlinkSync(this.#hidden);
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #openHidden(): number {
    this.#isNamed = true;
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    return openSync(this.#hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** Gives the file its name, if nothing has it; else it has the hidden one, to be renamed. */
  #nameAs(path: Buffer, settle: (what: Settable) => void): boolean {
    try {
      giveName(this.#fd, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') giveName(this.#fd, this.#hidden);
      else this.#again(settle);
    }
    return false;
  }

  /** Where the file system has files without a name, but gives them none: once more, with a hidden one. */
  #again(settle: (what: Settable) => void): void {
    const copy = this.#openHidden();
    const unnamed = this.#fd;
    this.#fd = copy;
    try {
      copyWhole(unnamed, copy);
      settle(ofFile(copy));
    } finally {
      closeSync(unnamed);
    }
  }

  #overwrite(path: Buffer): void {
    const { O_WRONLY, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
    const fd = openSync(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK);
    try {
      copyWhole(this.#fd, fd);
    } finally {
      closeSync(fd);
    }
  }
}

/** Gives what has the name `from` the name `to`, and takes what had that. @throws EBUSY where something is mounted at `to` */
export function replace(from: Buffer, to: Buffer): void {
  // rename(2) would say so of a mount in this namespace; one in another, a running container's, it takes away.
  if (isMountPoint(to)) throw systemError('rename', EBUSY, to);
  renameSync(from, to);
  try {
    unlinkSync(from); // two names of one file: rename(2) did nothing
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** From its beginning, wherever the descriptor stands. */
function copyWhole(from: number, to: number): void {
  const again = openSync(fdLink(from), constants.O_RDONLY);
  try {
    copyRange(again, to);
  } finally {
    closeSync(again);
  }
}
