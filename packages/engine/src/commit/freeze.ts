import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  write,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import { MicaError } from '../error.ts';
import { OciRuntime } from '../runtime/oci-runtime.ts';
import { leftLock, lockFile, lockFree, tryFileLock } from '../system/lock.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { guardFreeze, startGuard } from './freeze-guard.ts';

/** What to freeze, as plain data: a worker does it by itself. */
export interface FreezeTarget {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  /** Unlike any other commit's, also of this container: whose note it is ({@link thawLeft}). */
  readonly by: string;
  /** The store's run folder: who froze what is noted there while it lasts. */
  readonly run: string;
  readonly runtime: { readonly path: string; readonly root: string };
}

/** A frozen container; `thaw` is idempotent and says how long it was frozen, milliseconds. */
export interface Frozen {
  thaw(): Promise<number>;
}

/**
 * A cgroup's freezer. Writing its file takes 0.15 ms, or 2.5 where no other cgroup is frozen: the kernel then turns
 * a branch of its own code, and waits for each processor. A runtime's `pause` takes 4 more.
 */
interface Freezer {
  readonly file: string;
  readonly freeze: string;
  readonly thaw: string;
  isFrozen(): boolean;
}

/** What thaws what was frozen: the freezer's file, or the runtime where there is none. */
interface Note {
  readonly target: FreezeTarget;
  readonly file: string | undefined;
  readonly thaw: string | undefined;
}

const PATIENCE_MS = 10_000;

/**
 * Stops a container's processes while its files are read. One that is paused already stays so
 * afterwards. Not being able to freeze is an error: half-written files would be committed.
 * Both ways the caller's thread goes on while the kernel is at it.
 *
 * What froze it is noted in a file that is locked as long: two commits of one container take turns, or the first
 * to have read it would let it go on while the other reads.
 */
export async function freeze(target: FreezeTarget): Promise<Frozen> {
  const freezer = findFreezer(target.pid);
  const note = join(target.run, 'freezing', target.id);
  mkdirSync(join(target.run, 'freezing'), { recursive: true, mode: 0o700 });
  // At once where it can be: the caller has something to do while the kernel is at it, 2 ms of it.
  const unlock = lockFree(note) ?? (await lockFile(note));
  const release = () => {
    rmSync(note, { force: true });
    unlock();
  };
  // Frozen with a note in it: by a commit that was killed while this one waited.
  if (freezer?.isFrozen() && statSync(note).size === 0) {
    release();
    return unfrozen;
  }
  const start = hrtime.bigint();
  let unguard = () => {};
  const undo = async () => {
    unguard();
    try {
      if (freezer) await put(freezer.file, freezer.thaw);
      else runtime(target, 'resume');
    } catch (error) {
      if (!freezer || existsSync(freezer.file)) {
        unlock(); // the note stays: the guard tries again, and the next command
        if (freezer) startGuard(note, freezer.file, freezer.thaw);
        throw error;
      }
      // Its group went with its last process, removed while it was read: nothing stands still.
    }
    release();
    return Number(hrtime.bigint() - start) / 1e6;
  };
  let thawed: Promise<number> | undefined;
  const thaw = () => {
    thawed ??= undo();
    return thawed;
  };
  try {
    const own: Note = { target, file: freezer?.file, thaw: freezer?.thaw };
    writeFileSync(note, JSON.stringify(own));
    if (freezer) unguard = guardFreeze(note, freezer.file, freezer.thaw);
    if (freezer) await frozenBy(freezer, target);
    else runtime(target, 'pause');
    return { thaw };
  } catch (error) {
    await thaw();
    throw error;
  }
}

/** Where nothing was frozen. */
export const unfrozen: Frozen = { thaw: async () => 0 };

/** Thaws what a process froze that was killed since: `kill -9` leaves no container standing still. */
export function thawAbandoned(run: string): void {
  const folder = join(run, 'freezing');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const note = join(folder, name);
    tryFileLock(note, () => {
      try {
        thawNoted(JSON.parse(readFileSync(note, 'utf8')));
      } catch {
        // half written: nothing was frozen yet
      }
      rmSync(note, { force: true });
    });
  }
}

/**
 * Thaws what a thread of this process froze for this commit and did not thaw: it was ended, as one without memory
 * is. What it had open stays so, the lock with it: no later command, and no guard, would thaw before this process ends.
 */
export function thawLeft(target: FreezeTarget): void {
  const note = join(target.run, 'freezing', target.id);
  let left: Note;
  try {
    left = JSON.parse(readFileSync(note, 'utf8'));
  } catch {
    return; // not there, or another's that is not written yet
  }
  if (left.target.by !== target.by) return;
  thawNoted(left);
  const unlock = leftLock(note);
  rmSync(note, { force: true });
  unlock();
}

/** Its container may be gone: then there is nothing to thaw. */
function thawNoted({ target, file, thaw }: Note): void {
  try {
    if (file !== undefined && thaw !== undefined) writeFileSync(file, thaw);
    else runtime(target, 'resume');
  } catch {}
}

function runtime(target: FreezeTarget, verb: 'pause' | 'resume'): void {
  enterPrivateMounts();
  new OciRuntime(target.runtime.path, target.runtime.root).run(verb, target.id);
}

async function frozenBy(freezer: Freezer, target: FreezeTarget): Promise<void> {
  await put(freezer.file, freezer.freeze);
  const deadline = Date.now() + PATIENCE_MS;
  while (!freezer.isFrozen()) {
    if (Date.now() > deadline)
      throw new MicaError('runtime-failed', `container ${target.name} could not be frozen in ${PATIENCE_MS / 1000} s`, {
        subject: target.name,
        hint: 'commit with --pause=false to take it as it runs',
      });
    Atomics.wait(nap, 0, 0, 0.2);
  }
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

/** cgroups(7): v1 has a freezer hierarchy of its own, v2 a file in every cgroup; null where neither is. */
function findFreezer(pid: number): Freezer | null {
  let lines: string[];
  try {
    lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  } catch {
    return null; // gone: the runtime will say so
  }
  for (const line of lines) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '/') continue;
    if (controllers === 'freezer') {
      const file = `/sys/fs/cgroup/freezer${path}/freezer.state`;
      if (existsSync(file))
        return { file, freeze: 'FROZEN', thaw: 'THAWED', isFrozen: () => readFileSync(file, 'latin1') === 'FROZEN\n' };
    }
    if (controllers === '') {
      const folder = `/sys/fs/cgroup${path}`;
      if (existsSync(`${folder}/cgroup.freeze`))
        return {
          file: `${folder}/cgroup.freeze`,
          freeze: '1',
          thaw: '0',
          isFrozen: () => readFileSync(`${folder}/cgroup.events`, 'latin1').includes('frozen 1'),
        };
    }
  }
  return null;
}
