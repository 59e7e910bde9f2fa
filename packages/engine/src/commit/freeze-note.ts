import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freezingFolder } from '../container/paths.ts';
import { OciRuntime } from '../runtime/oci-runtime.ts';
import { leftLock, tryFileLock } from '../system/lock.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { tryRemove } from '../system/remove.ts';
import type { FreezeTarget } from './freeze.ts';
import { Freezer } from './freezer.ts';

/** What thaws what was frozen: the freezer's file, or the runtime where there is none. */
interface Note {
  readonly target: FreezeTarget;
  readonly file: string | undefined;
  readonly thaw: string | undefined;
}

/** Where it is noted that a container is frozen: there, and locked, as long as it is. */
export function noteOf({ run, id }: FreezeTarget): string {
  return join(freezingFolder(run), id);
}

/** Before anything is frozen, under the lock: an empty one says that nothing was yet. */
export function writeNote(file: string, note: Note): void {
  writeFileSync(file, JSON.stringify(note));
}

/** Thaws what a process froze that was killed since: `kill -9` leaves no container standing still. */
export function thawAbandoned(run: string): void {
  const folder = freezingFolder(run);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const note = join(folder, name);
    tryFileLock(note, () => {
      const left = readNote(note); // half written: nothing was frozen yet
      if (left === null || thawNoted(left)) tryRemove(note);
    });
  }
}

/**
 * Thaws what a thread of this process froze for this commit and did not thaw: it was ended, as one without memory
 * is. What it had open stays so, the lock with it: no later command, and no guard, would thaw before this process ends.
 */
export function thawLeft(target: FreezeTarget): void {
  const note = noteOf(target);
  const left = readNote(note); // null: not there, or another's that is not written yet
  if (left?.target.by !== target.by) return;
  const isThawed = thawNoted(left);
  const unlock = leftLock(note);
  if (isThawed) tryRemove(note); // else the next command tries again
  unlock();
}

function readNote(file: string): Note | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Whether nothing of it is frozen any more: it goes on, or is gone. */
function thawNoted({ target, file, thaw }: Note): boolean {
  try {
    if (file !== undefined && thaw !== undefined) writeFileSync(file, thaw);
    else byRuntime(target, 'resume');
    return true;
  } catch {
    return file === undefined ? Freezer.find(target) === 'gone' : !existsSync(file);
  }
}

/** Where the machine has no freezer that is a file. */
export function byRuntime({ id, runtime }: FreezeTarget, verb: 'pause' | 'resume'): void {
  if (runtime === null) throw new Error(`container ${id} had no runtime`);
  enterPrivateMounts();
  new OciRuntime(runtime.path, runtime.root).run(verb, id);
}
