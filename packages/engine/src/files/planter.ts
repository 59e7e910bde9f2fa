import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { Flag, Kind, type RecordView, type TarSink } from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { copyRange } from '../system/copy-range.ts';
import { DIRECTORY, fdLink, fdPath, fdSelf, openIn } from '../system/in-root.ts';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, S_IFIFO, setTimes, setTimesOf } from '../system/nodes.ts';
import { randomBytes } from '../system/random.ts';
import { giveName, openUnnamed } from '../system/unnamed-file.ts';
import { setXattr, setXattrOf } from '../system/xattr.ts';
import { type Ground, PlantedFolders } from './planted-folders.ts';
import { removeIn } from './remove.ts';

export interface PlantOptions {
  /** With owner, setuid bits and file capabilities; without, all belongs to who copies. */
  readonly owner: boolean;
}

interface Settled {
  readonly path: Buffer;
  readonly index: number;
}

/**
 * Writes a tree's entries below an open directory, docker cp's way: a directory merges with one that
 * is there, anything else takes the place of what has its name, but never a directory of a
 * non-directory's nor the reverse. A file is written without a name, or under a hidden one, so that its own
 * shows the old bytes or the new, whole. `finish` sets what directories want last; `abort` takes
 * away all that was not there before. One of the two ends it.
 */
export class Planter implements TarSink {
  readonly #entries: RecordView;
  readonly #ground: Ground;
  readonly #folders: PlantedFolders;
  readonly #options: PlantOptions;
  readonly #dirs: Settled[] = [];
  readonly #temporary = Buffer.from(`.mica-${randomBytes(6).toString('hex')}`);
  #fd = -1;
  /** Nothing shows the file that is being written. */
  #isUnnamed = false;
  bytes = 0;

  constructor(entries: RecordView, ground: Ground, options: PlantOptions) {
    this.#entries = entries;
    this.#ground = ground;
    this.#folders = new PlantedFolders(ground);
    this.#options = options;
  }

  entry(index: number): void {
    const entries = this.#entries;
    const kind = entries.kind(index);
    if (entries.flags(index) & (Flag.implied | Flag.hidden)) return;
    const path = Buffer.from(entries.pathBytes(index));
    if (kind === Kind.whiteout)
      throw new MicaError('not-supported', `/${path}: a name that starts with .wh. cannot be copied from an archive`, {
        subject: `/${path}`,
      });
    if (path.length === 0) {
      if (kind !== Kind.dir) throw nonDirectory(this.#shown(path), true);
      return; // the ground itself: its attributes are its own
    }
    const [dir, name] = this.#folders.parent(path);
    const found = lstatSync(fdPath(dir, name), { bigint: true, throwIfNoEntry: false });
    if (found?.isDirectory() && kind !== Kind.dir) throw nonDirectory(this.#shown(path), true);
    if (found && !found.isDirectory() && kind === Kind.dir) throw nonDirectory(this.#shown(path), false);
    if (!found) this.#folders.note(path);
    if (kind === Kind.dir) {
      if (!found) mkdirSync(fdPath(dir, name), 0o700);
      this.#dirs.push({ path, index });
      return;
    }
    if (kind === Kind.file) this.#open(dir);
    else this.#make(index, kind, fdPath(dir, this.#temporary));
  }

  data(_index: number, offset: number, bytes: Uint8Array): void {
    if (this.#fd < 0) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, offset + at);
    this.bytes += bytes.length;
  }

  /** Instead of `data`: the whole of an open file. */
  copy(from: number): void {
    copyRange(from, this.#fd);
  }

  done(index: number): void {
    const entries = this.#entries;
    const kind = entries.kind(index);
    if (kind === Kind.dir || kind === Kind.whiteout || entries.flags(index) & (Flag.implied | Flag.hidden)) return;
    const path = Buffer.from(entries.pathBytes(index));
    const [dir, name] = this.#folders.parent(path);
    const made = fdPath(dir, this.#temporary);
    // Holes at its end, or a live file that grew or shrank: the length is the entry's.
    if (this.#fd >= 0 && entries.size(index) !== entries.storedSize(index))
      ftruncateSync(this.#fd, entries.size(index));
    if (kind !== Kind.hardlink) this.#attributes(index, made);
    const at = fdPath(dir, name);
    if (!this.#isUnnamed || !this.#appear(index, at, made)) this.#show(made, at);
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    this.#isUnnamed = false;
  }

  /** Directories last, children before parents, so that nothing below changes their times again. */
  finish(): void {
    for (const { path, index } of this.#dirs.toReversed()) {
      const [dir, name] = this.#folders.parent(path);
      const fd = openIn(dir, name, DIRECTORY | constants.O_NOFOLLOW, 'beneath');
      try {
        this.#attributes(index, fdSelf(fd));
      } finally {
        closeSync(fd);
      }
    }
    this.#folders.close();
  }

  abort(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    try {
      const { current } = this.#folders;
      if (current !== null) removeIn(current, this.#temporary);
      for (const path of this.#folders.made.toReversed()) {
        const [dir, name] = this.#folders.parent(path);
        removeIn(dir, name);
      }
    } catch {
      // On a file system that is read-only now: why the copy failed is what its user wants to hear.
    } finally {
      this.#folders.close();
    }
  }

  #shown(path: Buffer): string {
    return `/${[this.#ground.at, path].filter((part) => part.length > 0).join('/')}`;
  }

  #open(dir: number): void {
    const unnamed = openUnnamed(fdSelf(dir));
    this.#isUnnamed = unnamed !== null;
    this.#fd = unnamed ?? openHidden(fdPath(dir, this.#temporary));
  }

  /** Gives the file its name, if nothing has it; else it has the hidden one, to be renamed. */
  #appear(index: number, path: Buffer, hidden: Buffer): boolean {
    try {
      giveName(this.#fd, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') giveName(this.#fd, hidden);
      else this.#again(index, hidden);
    }
    return false;
  }

  /** Where the file system has files without a name, but gives them none: once more, with a hidden one. */
  #again(index: number, hidden: Buffer): void {
    const unnamed = this.#fd;
    try {
      this.#fd = openHidden(hidden);
      copyWhole(unnamed, this.#fd);
      this.#attributes(index, hidden);
    } finally {
      closeSync(unnamed);
    }
  }

  #make(index: number, kind: number, at: Buffer): void {
    const entries = this.#entries;
    if (kind === Kind.symlink) symlinkSync(Buffer.from(entries.linkBytes(index)), at);
    else if (kind === Kind.hardlink) {
      const target = Buffer.from(entries.linkBytes(index));
      const end = target.lastIndexOf(SLASH);
      const fd = this.#folders.open(end < 0 ? none : target.subarray(0, end));
      try {
        linkSync(fdPath(fd, target.subarray(end + 1)), at);
      } finally {
        closeSync(fd);
      }
    } else {
      const type = kind === Kind.char ? S_IFCHR : kind === Kind.block ? S_IFBLK : S_IFIFO;
      const device = kind === Kind.fifo ? 0n : makeDevice(entries.devMajor(index), entries.devMinor(index));
      // Its mode at once: a chmod would follow a symlink that somebody put in its place meanwhile.
      const umask = process.umask(0);
      try {
        makeNode(at, type | entries.mode(index), device);
      } finally {
        process.umask(umask);
      }
    }
  }

  /** Owner first: chown clears setuid bits and capabilities. */
  #attributes(index: number, path: Buffer): void {
    const entries = this.#entries;
    const kind = entries.kind(index);
    const { owner } = this.#options;
    const fd = kind === Kind.file ? this.#fd : -1;
    if (owner && fd >= 0) fchownSync(fd, entries.uid(index), entries.gid(index));
    else if (owner) lchownSync(path, entries.uid(index), entries.gid(index));
    const mode = entries.mode(index);
    const kept = owner || kind === Kind.dir ? mode : mode & 0o1777;
    if (fd >= 0) fchmodSync(fd, kept);
    else if (kind === Kind.dir) chmodSync(path, kept);
    for (const [name, value] of entries.xattrs(index)) {
      if (!owner && !name.startsWith('user.')) continue;
      try {
        if (fd >= 0) setXattrOf(fd, name, value);
        else setXattr(path, name, value);
      } catch (error) {
        // A file system without them, as docker has it.
        if ((error as NodeJS.ErrnoException).code !== 'EOPNOTSUPP') throw error;
      }
    }
    if (fd >= 0) setTimesOf(fd, entries.mtimeSec(index), entries.mtimeNsec(index));
    else setTimes(path, entries.mtimeSec(index), entries.mtimeNsec(index));
  }

  /** Gives the hidden file its name. */
  #show(made: Buffer, path: Buffer): void {
    try {
      renameSync(made, path);
    } catch (error) {
      // A file that is mounted there, as /etc/hosts is, can only be written in place.
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || this.#fd < 0) throw error;
      overwrite(this.#fd, path);
    }
    try {
      unlinkSync(made); // two names of one file: rename(2) did nothing
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function openHidden(path: Buffer): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
}

function overwrite(from: number, to: Buffer): void {
  const fd = openSync(to, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    copyWhole(from, fd);
  } finally {
    closeSync(fd);
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

function nonDirectory(path: string, isThere: boolean): MicaError {
  const message = isThere
    ? `cannot overwrite directory "${path}" with non-directory "${path}"`
    : `cannot overwrite non-directory "${path}" with directory "${path}"`;
  return new MicaError('conflict', message, { subject: path });
}

const SLASH = 0x2f;
const none = Buffer.alloc(0);
