import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MicaError } from '../error.ts';
import { cgroupPath, isFrozen } from '../runtime/cgroup.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import { lockFile } from '../system/lock.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import type { ContainerContext, Row } from './context.ts';
import { tell } from './events.ts';
import { requireRunFolder } from './parts.ts';
import type { ContainerState } from './record.ts';
import { reconcile } from './state.ts';

export function groupOf(id: string, state: ContainerState): string {
  return cgroupPath(id, state.options.cgroupParent);
}

/** What a container that does not run needs first. */
export function startFirst(name: string): { readonly subject: string; readonly hint: string } {
  return { subject: name, hint: `mica start ${name} starts it` };
}
export function unpauseFirst(name: string): { readonly subject: string; readonly hint: string } {
  return { subject: name, hint: `mica unpause ${name} lets it go on` };
}

/** Stops all processes of a container where they stand. @throws MicaError not-running, conflict */
export async function pauseContainer(context: ContainerContext, row: Row): Promise<void> {
  await betweenCommits(context, row, 'running', ({ group, runtime }) => {
    if (isFrozen(group))
      throw new MicaError('conflict', `Container ${row.id} is already paused`, unpauseFirst(row.name));
    runtime.run('pause', row.id);
  });
  tell(context, row, 'pause');
}

export async function unpauseContainer(context: ContainerContext, row: Row): Promise<void> {
  await betweenCommits(context, row, 'paused', ({ group, runtime }) => {
    if (!isFrozen(group))
      throw new MicaError('conflict', `Container ${row.id} is not paused`, {
        subject: row.name,
        hint: 'it runs already',
      });
    runtime.run('resume', row.id);
  });
  tell(context, row, 'unpause');
}

/**
 * While no commit keeps it frozen, which is no pause, nor begins to (commit/freeze.ts): it would let go on, when it has
 * read it, what was paused meanwhile.
 */
async function betweenCommits(
  context: ContainerContext,
  row: Row,
  wanted: string,
  work: (at: Running) => void,
): Promise<void> {
  running(context, row, wanted); // else a run folder that is gone would be made for the note
  const note = context.paths.freezing(row.id);
  mkdirSync(dirname(note), { recursive: true, mode: 0o700 });
  const unlock = await lockFile(note);
  try {
    const at = running(context, row, wanted);
    // What it says is of a commit that was killed, and so is what is frozen.
    if (statSync(note).size > 0) at.runtime.run('resume', row.id);
    work(at);
  } finally {
    rmSync(note, { force: true });
    unlock();
  }
}

/** Waits for the commit that keeps it frozen, if one does: it lets it go when it has read it. */
export async function untilRead(context: ContainerContext, id: string, state: ContainerState): Promise<void> {
  const note = context.paths.freezing(id);
  if (!existsSync(note)) return;
  const unlock = await lockFile(note);
  try {
    // What it says is of a commit that was killed, and so is what is frozen: with the note gone nobody would know.
    if (isOfCommit(note)) {
      enterPrivateMounts();
      resumeIfFrozen(context, id, state);
    }
  } finally {
    rmSync(note, { force: true });
    unlock();
  }
}

/** An empty one, or none, is of one that somebody paused. */
function isOfCommit(note: string): boolean {
  return (statSync(note, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** Whether somebody paused it: what a commit keeps frozen goes on by itself. */
export async function isPaused(context: ContainerContext, id: string, state: ContainerState): Promise<boolean> {
  if (!isFrozen(groupOf(id, state))) return false;
  if (!isOfCommit(context.paths.freezing(id))) return true;
  await untilRead(context, id, state);
  return isFrozen(groupOf(id, state));
}

/** The same of a container that is looked at for now. */
export function isPausedNow(context: ContainerContext, id: string, state: ContainerState): boolean {
  return isFrozen(groupOf(id, state)) && !isOfCommit(context.paths.freezing(id));
}

/** A paused process takes no signal: one that shall end goes on first. */
export function resumeIfFrozen(context: ContainerContext, id: string, state: ContainerState): void {
  if (isFrozen(groupOf(id, state))) context.runtimeOf(state).run('resume', id);
}

interface Running {
  readonly group: string;
  readonly runtime: OciRuntime;
}

function running(context: ContainerContext, row: Row, wanted: string): Running {
  const state = reconcile(context, row);
  if (state.status !== 'running')
    throw new MicaError('not-running', `Container ${row.id} is not ${wanted}`, startFirst(row.name));
  requireRunFolder(context.paths, row, 'state');
  enterPrivateMounts();
  return { group: groupOf(row.id, state), runtime: context.runtimeOf(state) };
}
