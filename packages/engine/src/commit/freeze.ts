import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync, write, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { lockFile, lockFree } from '../system/lock.ts';
import { guardFreeze, startGuard } from './freeze-guard.ts';
import { byRuntime, noteOf, writeNote } from './freeze-note.ts';
import { type Freezer, findFreezer } from './freezer.ts';

/** What to freeze, as plain data: a worker does it by itself. */
export interface FreezeTarget {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  /** Unlike any other commit's, also of this container: whose note it is (freeze-note.ts). */
  readonly by: string;
  /** The store's run folder: who froze what is noted there while it lasts. */
  readonly run: string;
  readonly runtime: { readonly path: string; readonly root: string };
}

/** A frozen container; `thaw` is idempotent and says how long it was frozen, milliseconds. */
export interface Frozen {
  thaw(): Promise<number>;
}

const PATIENCE_MS = 10_000;
/** Looks at it, 0.2 ms apart. */
const ASK_AGAIN = 50;

/**
 * Stops a container's processes while its files are read. One that is paused already stays so
 * afterwards. Not being able to freeze is an error: half-written files would be committed.
 * Both ways the caller's thread goes on while the kernel is at it.
 *
 * What froze it is noted in a file that is locked as long: two commits of one container take turns, or the first
 * to have read it would let it go on while the other reads.
 */
export async function freeze(target: FreezeTarget): Promise<Frozen> {
  try {
    return await freezeNoted(target);
  } catch (error) {
    throw isSystemError(error) ? wrapSystemError(error, 'freeze container', target.name) : error;
  }
}

async function freezeNoted(target: FreezeTarget): Promise<Frozen> {
  const freezer = findFreezer(target.pid);
  const note = noteOf(target);
  mkdirSync(dirname(note), { recursive: true, mode: 0o700 });
  // At once where it can be: the caller has something to do while the kernel is at it, 2 ms of it.
  const unlock = lockFree(note) ?? (await lockFile(note));
  const release = () => {
    rmSync(note, { force: true });
    unlock();
  };
  // Frozen with a note in it: by a commit that was killed while this one waited. One that is being paused is paused, too.
  try {
    if (freezer?.isAsked() && statSync(note).size === 0 && standsStill(freezer, target)) {
      release();
      return unfrozen;
    }
  } catch (error) {
    release();
    throw error;
  }
  const start = process.hrtime.bigint();
  let unguard = () => {};
  const undo = async () => {
    unguard();
    try {
      if (freezer) await put(freezer.file, freezer.thaw);
      else byRuntime(target, 'resume');
    } catch (error) {
      if (!freezer || existsSync(freezer.file)) {
        unlock(); // the note stays: the guard tries again, and the next command
        if (freezer) startGuard(note, freezer.file, freezer.thaw);
        throw isSystemError(error) ? wrapSystemError(error, 'thaw container', target.name) : error;
      }
      // Its group went with its last process, removed while it was read: nothing stands still.
    }
    release();
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  let thawed: Promise<number> | undefined;
  const thaw = () => {
    thawed ??= undo();
    return thawed;
  };
  try {
    writeNote(note, { target, file: freezer?.file, thaw: freezer?.thaw });
    if (freezer) unguard = guardFreeze(note, freezer.file, freezer.thaw);
    if (freezer) await frozenBy(freezer, target);
    else byRuntime(target, 'pause');
    return { thaw };
  } catch (error) {
    await thaw();
    throw error;
  }
}

/** Where nothing was frozen. */
export const unfrozen: Frozen = { thaw: async () => 0 };

async function frozenBy(freezer: Freezer, target: FreezeTarget): Promise<void> {
  await put(freezer.file, freezer.freeze);
  if (!standsStill(freezer, target)) throw notFrozen(target, 'something else lets it go on');
}

/**
 * Waits until it does; false: it is to go on after all. v1 may miss a process that is just being made, and then asks
 * to be asked again (kernel.org, cgroup-v1/freezer-subsystem). @throws MicaError runtime-failed
 */
function standsStill(freezer: Freezer, target: FreezeTarget): boolean {
  const deadline = Date.now() + PATIENCE_MS;
  for (let looks = 1; !freezer.isFrozen(); looks++) {
    if (!freezer.isAsked()) return false;
    if (Date.now() > deadline) throw notFrozen(target, `it still runs after ${PATIENCE_MS / 1000} s`);
    if (looks % ASK_AGAIN === 0) writeFileSync(freezer.file, freezer.freeze);
    Atomics.wait(nap, 0, 0, 0.2);
  }
  return true;
}

function notFrozen({ name }: FreezeTarget, why: string): MicaError {
  return new MicaError('runtime-failed', `container ${name} could not be frozen: ${why}`, {
    subject: name,
    hint: 'commit with --pause=false to take it as it runs',
  });
}

/** In one of libuv's threads. */
function put(file: string, word: string): Promise<void> {
  const fd = openSync(file, constants.O_WRONLY);
  return new Promise((resolve, reject) => {
    write(fd, word, (error) => {
      closeSync(fd);
      if (error) reject(error);
      else resolve();
    });
  });
}
const nap = new Int32Array(new SharedArrayBuffer(4));
