import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { lockFreeUpper, lockUpper } from '../container/upper-lock.ts';
import { isSystemError, wrapSystemError } from '../error.ts';
import type { StopSignal } from '../pool/stop.ts';
import { lockFile, lockFree } from '../system/lock.ts';
import { Held, noteOf } from './freeze-note.ts';
import { Freezer, type Processes } from './freezer.ts';
import { Freezing } from './freezing.ts';

/** What is to stand still, as plain data: a worker does it by itself. */
export interface FreezeTarget extends Processes {
  readonly name: string;
  /** Else it goes on while it is read. */
  readonly pauses: boolean;
  /** Unlike any other commit's, also of this container: whose note it is (freeze-note.ts). */
  readonly by: string;
  /** The store's run folder: who froze what is noted there while it lasts. */
  readonly run: string;
  /** What a start of the container, a reset, and a copy into it hold as long (container/upper-lock.ts). */
  readonly lock: string;
  /** What is held of it for this commit ({@link Held}). */
  readonly held: Int32Array<SharedArrayBuffer>;
  /** Null: it did not run when it was looked at. */
  readonly runtime: { readonly path: string; readonly root: string } | null;
}

/** A container that stands still; `thaw` is idempotent and says how long it was frozen, milliseconds. */
export interface Frozen {
  thaw(): Promise<number>;
  /** Those that stand still. */
  processes(): readonly number[];
}

/**
 * Stops a container's processes while its files are read, and keeps others from starting any. One that is paused already
 * stays so afterwards. Not being able to freeze is an error: half-written files would be committed. Both ways the
 * caller's thread goes on while the kernel is at it.
 *
 * What froze it is noted in a file that is locked as long: two commits of one container take turns, or the first
 * to have read it would let it go on while the other reads.
 */
export async function freeze(target: FreezeTarget, signal?: StopSignal): Promise<Frozen> {
  if (!target.pauses) return unfrozen;
  try {
    // At once where it can be: the caller has something to do while the kernel is at it, 2 ms of it.
    const unlock = lockFreeUpper(target.lock, target.id) ?? (await lockUpper(target.lock, target.id, { signal }));
    Atomics.store(target.held, Held.upper, unlock.fd);
    return await Kept.begin(target, unlock, signal);
  } catch (error) {
    throw isSystemError(error) ? wrapSystemError(error, 'freeze container', target.name) : error;
  }
}

/** A container whose upper's lock is held, and that is frozen if anything runs in it. */
class Kept implements Frozen {
  readonly #target: FreezeTarget;
  readonly #unlock: () => void;
  #frozen: Frozen | null = null;
  #thawed: Promise<number> | undefined;

  private constructor(target: FreezeTarget, unlock: () => void) {
    this.#target = target;
    this.#unlock = unlock;
  }

  static async begin(target: FreezeTarget, unlock: () => void, signal: StopSignal | undefined): Promise<Frozen> {
    const kept = new Kept(target, unlock);
    try {
      kept.#frozen = await freezeRunning(target, signal);
      return kept;
    } catch (error) {
      await kept.thaw();
      throw error;
    }
  }

  thaw(): Promise<number> {
    this.#thawed ??= this.#undo();
    return this.#thawed;
  }

  processes(): readonly number[] {
    return this.#frozen?.processes() ?? [];
  }

  async #undo(): Promise<number> {
    try {
      return this.#frozen ? await this.#frozen.thaw() : 0;
    } finally {
      Atomics.store(this.#target.held, Held.upper, -1);
      this.#unlock();
    }
  }
}

/** Null: none of its processes is there any more. */
async function freezeRunning(target: FreezeTarget, signal: StopSignal | undefined): Promise<Frozen | null> {
  const freezer = Freezer.find(target);
  if (freezer === 'gone') return null;
  const note = noteOf(target);
  mkdirSync(dirname(note), { recursive: true, mode: 0o700 });
  const unlock = lockFree(note) ?? (await lockFile(note, { signal }));
  Atomics.store(target.held, Held.note, unlock.fd);
  const freezing = new Freezing(target, freezer, note, unlock);
  return freezing.begin(signal);
}

/** Where nothing was frozen. */
export const unfrozen: Frozen = { thaw: async () => 0, processes: () => [] };
