import { closeSync, constants, linkSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { Flag, Kind, type RecordView, type TarSink } from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { DIRECTORY, fdPath, fdSelf, openIn } from '../system/in-root.ts';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, S_IFIFO } from '../system/nodes.ts';
import { randomBytes } from '../system/random.ts';
import { ofPath, type Settable, setAttributes } from './attributes.ts';
import { NewFile, replace } from './new-file.ts';
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
 * non-directory's nor the reverse. What is no directory is made where nothing shows it, so that its name
 * shows the old or the new, whole. `finish` sets what directories want last; `abort` takes
 * away all that was not there before. One of the two ends it.
 */
export class Planter implements TarSink {
  readonly #entries: RecordView;
  readonly #ground: Ground;
  readonly #folders: PlantedFolders;
  readonly #options: PlantOptions;
  readonly #dirs: Settled[] = [];
  readonly #temporary = Buffer.from(`.mica-${randomBytes(6).toString('hex')}`);
  #file: NewFile | null = null;
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
    if (kind === Kind.file) this.#file = new NewFile(dir, this.#temporary);
    else this.#make(index, kind, fdPath(dir, this.#temporary));
  }

  data(_index: number, offset: number, bytes: Uint8Array): void {
    if (this.#file === null) return;
    this.#file.write(bytes, offset);
    this.bytes += bytes.length;
  }

  /** Instead of `data`: the whole of an open file. */
  copy(from: number): void {
    this.#file?.copy(from);
  }

  done(index: number): void {
    const entries = this.#entries;
    const kind = entries.kind(index);
    if (kind === Kind.dir || kind === Kind.whiteout || entries.flags(index) & (Flag.implied | Flag.hidden)) return;
    const path = Buffer.from(entries.pathBytes(index));
    const [dir, name] = this.#folders.parent(path);
    const at = fdPath(dir, name);
    const settle = (what: Settable) => setAttributes(what, entries, index, this.#options.owner);
    if (this.#file) {
      // Holes at its end, or a live file that grew or shrank: the length is the entry's.
      if (entries.size(index) !== entries.storedSize(index)) this.#file.truncate(entries.size(index));
      this.#file.appear(at, settle);
      this.#close();
      return;
    }
    const made = fdPath(dir, this.#temporary);
    if (kind !== Kind.hardlink) settle(ofPath(made));
    try {
      replace(made, at);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EBUSY' ? mountedThere(this.#shown(path), error) : error;
    }
  }

  /** Directories last, children before parents, so that nothing below changes their times again. */
  finish(): void {
    for (const { path, index } of this.#dirs.toReversed()) {
      const [dir, name] = this.#folders.parent(path);
      const fd = openIn(dir, name, DIRECTORY | constants.O_NOFOLLOW, 'beneath');
      try {
        setAttributes(ofPath(fdSelf(fd)), this.#entries, index, this.#options.owner);
      } finally {
        closeSync(fd);
      }
    }
    this.#folders.close();
  }

  abort(): void {
    this.#close();
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

  #close(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = null;
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
}

function mountedThere(path: string, cause: unknown): MicaError {
  return new MicaError('conflict', `cannot overwrite "${path}": something is mounted there`, {
    subject: path,
    hint: 'only a file can be copied to it, or leave it out',
    cause,
  });
}

function nonDirectory(path: string, isThere: boolean): MicaError {
  const message = isThere
    ? `cannot overwrite directory "${path}" with non-directory "${path}"`
    : `cannot overwrite non-directory "${path}" with directory "${path}"`;
  return new MicaError('conflict', message, { subject: path });
}

const SLASH = 0x2f;
const none = Buffer.alloc(0);
