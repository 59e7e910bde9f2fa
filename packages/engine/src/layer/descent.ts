import { closeSync, constants } from 'node:fs';
import { type Listing, LOOK, type Names, type TableBuilder } from '@mica/core-wasm';
import { openBeneath, openDirectory } from '../system/beneath.ts';
import { listNames } from '../system/list-names.ts';
import { type Looked, lookAt, lookInto } from './looked.ts';
import type { OpenFiles } from './open-files.ts';

/** A directory on the way down: its names still to do. */
export interface Frame {
  /** Negative while it is not held open. */
  fd: number;
  /** Bytes of its path. */
  readonly length: number;
  readonly names: Listing;
  next: number;
  /** Of the names from `from` on so many are known of. */
  readonly looked: Looked;
  from: number;
  count: number;
}

/** Of the directories on the way so many are held open; those between are opened again on the way up. */
const HELD = 128;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * The directories that a scan stands in, from the root down, their paths in the builder's. Each is opened beneath the
 * root, no symlink followed: what moves a directory meanwhile leads the scan nowhere else. Its owner closes it.
 */
export class Descent {
  readonly #builder: TableBuilder;
  readonly #names: Names;
  readonly #frames: Frame[] = [];
  /** For each depth. */
  readonly #looked: Looked[] = [];
  #root = -1;
  /** Of the outermost directory that may have whiteouts the depth, and its entry. */
  #held: { readonly depth: number; readonly entry: number } | null = null;

  constructor(builder: TableBuilder, names: Names) {
    this.#builder = builder;
    this.#names = names;
  }

  /** Opens the root; {@link enter} goes into it. */
  open(dir: string): number {
    this.#root = openDirectory(dir);
    return this.#root;
  }

  /** All is done. */
  get isOver(): boolean {
    return this.#frames.length === 0;
  }
  /** Bytes of the path of the directory that the scan stands in. */
  get length(): number {
    return this.#frames.at(-1)?.length ?? 0;
  }
  /**
   * So many entries stand in the layer's tar before all that are yet to come: a directory's whiteouts come first there,
   * so of one that may have some it has to be whole.
   */
  get settled(): number {
    return this.#held?.entry ?? this.#builder.count;
  }
  get isHeld(): boolean {
    return this.#held !== null;
  }
  /** The directory that the scan stands in, held open. */
  stand(): Frame {
    const frame = this.#frames.at(-1) as Frame;
    if (frame.fd < 0) frame.fd = this.#openAt(frame.length);
    return frame;
  }

  /** Goes into the directory whose path are the builder's first `length` bytes. */
  enter(length: number): void {
    const fd = this.#openAt(length);
    const above = this.#frames.at(-1);
    if (above && this.#frames.length >= HELD) this.#release(above);
    const names = this.#list(fd);
    const level = Math.min(this.#frames.length, HELD);
    this.#looked[level] ??= {
      look: this.#builder.look(this.#names),
      results: new Int32Array(LOOK),
      attributes: new Map(),
    };
    const looked = this.#looked[level] as Looked;
    if (names.mayHide) this.#held ??= { depth: this.#frames.length, entry: this.#builder.count - 1 };
    this.#frames.push({ fd, length, names, next: 0, looked, from: 0, count: 0 });
  }

  /** Back to the directory above: all of this one is done. */
  leave(): void {
    const frame = this.#frames.pop() as Frame;
    this.#release(frame);
    this.#names.drop(frame.names);
    if (this.#held?.depth === this.#frames.length) this.#held = null;
  }

  /**
   * What is known of a directory's names stays while one of them is gone into; too far down it is of one name only.
   * With `files` it is of the few that are opened there.
   */
  look(frame: Frame, files: OpenFiles | null): void {
    frame.from = frame.next;
    if (files) {
      frame.count = lookInto(frame.looked, frame.fd, frame.names, frame.next, files, this.#builder.count);
      return;
    }
    const most = this.#frames.length > HELD ? 1 : LOOK;
    frame.count = lookAt(frame.looked, frame.fd, frame.names, frame.next, most);
  }

  close(): void {
    for (const frame of this.#frames) this.#release(frame);
    if (this.#root >= 0) closeSync(this.#root);
    this.#root = -1;
  }

  #list(fd: number): Listing {
    try {
      return listNames(this.#names, fd);
    } catch (error) {
      this.#close(fd);
      throw error;
    }
  }

  #release(frame: Frame): void {
    this.#close(frame.fd);
    frame.fd = -1;
  }
  #close(fd: number): void {
    if (fd >= 0 && fd !== this.#root) closeSync(fd);
  }

  #openAt(length: number): number {
    if (length === 0) return this.#root;
    const { path } = this.#builder;
    path[length] = 0;
    return openBeneath(this.#root, path, DIRECTORY);
  }
}
