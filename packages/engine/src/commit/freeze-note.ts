import { closeSync, existsSync, fstatSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { freezingFolder } from '../container/paths.ts';
import { OciRuntime } from '../runtime/oci-runtime.ts';
import { tryFileLock } from '../system/lock.ts';
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

/** The locks that a freeze holds, by their descriptors: what a thread that ended leaves open, another gives back. */
export const Held = { upper: 0, note: 1 } as const;

export function nothingHeld(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(8)).fill(-1);
}

/** Where it is noted that a container is frozen: there, and locked, as long as it is. */
export function noteOf({ run, id }: FreezeTarget): string {
  return join(freezingFolder(run), id);
}

/**
 * Before anything is frozen, by the descriptor that its lock is held by: an empty one says that nothing was yet. One that
 * is cut to nothing, if it is so already, ext4 writes to the disk as soon as it is closed, and its removal waits for that.
 * Behind what a killed commit left, on a line of its own: between a cut and a word, a kill would leave a frozen container
 * that nothing tells of.
 */
export function writeNote(file: string, lock: number, { target, ...how }: Note): void {
  const { held: _, ...about } = target;
  const text = JSON.stringify({ target: about, ...how });
  try {
    writeSync(lock, fstatSync(lock).size > 0 ? `\n${text}` : text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
    writeFileSync(file, text); // it could be opened to read only: this says why
  }
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
  const left = readNote(note);
  const isThawed = left?.target.by === target.by && thawNoted(left); // else the next command tries again
  const wasPaused = left === null && Atomics.load(target.held, Held.note) >= 0;
  if (isThawed || wasPaused) tryRemove(note);
  for (const which of [Held.note, Held.upper]) {
    const fd = Atomics.exchange(target.held, which, -1);
    if (fd >= 0) closeSync(fd);
  }
}

function readNote(file: string): Note | null {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return null;
  }
  for (const line of lines.reverse()) {
    try {
      const note: Note | null = JSON.parse(line);
      if (note?.target) return note;
    } catch {} // half written: nothing was frozen yet, or by the one before
  }
  return null;
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
