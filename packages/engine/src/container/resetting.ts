import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MicaError } from '../error.ts';
import { isAlive, thisProcess } from '../store/files.ts';
import { uniqueName } from '../system/random.ts';
import type { ContainerContext, Row } from './context.ts';
import type { ContainerState } from './record.ts';
import { reconcile } from './state.ts';

/** Folders in a container's own that begin so hold an upper on its way in, or on its way out. */
const PREFIX = 'reset-';

/** Whether a process that lives is giving the container another writable layer. */
export function isResetting({ resetting }: ContainerState): boolean {
  return resetting ? isAlive(resetting) : false;
}

export function beingReset(name: string): MicaError {
  return new MicaError('conflict', `container ${name} is being reset`, {
    subject: name,
    hint: 'wait until that is done, then try again',
  });
}

/**
 * Keeps starts, commits and other resets away until {@link endReset}, or this process's end. The new
 * folder for what is on its way; what a killed reset left is gone.
 * @throws MicaError conflict when it runs (unless `force`), is being started, or somebody else resets it
 */
export function beginReset(context: ContainerContext, row: Row, force: boolean): string {
  reconcile(context, row);
  context.update(row.id, (state) => {
    if (isResetting(state)) throw beingReset(row.name);
    const waits = state.restarting && isAlive(state.restarting);
    if (state.starting || (!force && (state.status === 'running' || waits)))
      throw new MicaError('conflict', `cannot reset container "${row.name}": it is running`, {
        subject: row.name,
        hint: 'stop it first, or give --force: it is stopped, reset and started again',
      });
    return { ...state, resetting: thisProcess() };
  });
  sweepReset(context, row.id);
  return join(context.paths.dir(row.id), `${PREFIX}${uniqueName()}`);
}

/** Whether a reset that was killed left it stopped, and nobody stopped or started it since. */
export function wasStoppedToReset(context: ContainerContext, id: string): boolean {
  return context.store.containers.find<ContainerState>(id).record.stoppedToReset ?? false;
}

/** Right before the writable layer is another one: commits that read the old one are not recorded any more. */
export function countReset(context: ContainerContext, id: string): void {
  context.update(id, (state) => ({ ...state, resets: (state.resets ?? 0) + 1 }));
}

/** Idempotent. */
export function endReset(context: ContainerContext, id: string): void {
  sweepReset(context, id);
  if (context.store.containers.get(id) !== null) context.update(id, (state) => ({ ...state, resetting: null }));
}

/** Removes what a reset that has ended, or was killed, left beside the upper. */
export function sweepReset(context: ContainerContext, id: string): void {
  const folder = context.paths.dir(id);
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (name.startsWith(PREFIX)) rmSync(join(folder, name), { recursive: true, force: true });
}
