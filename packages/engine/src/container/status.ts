import { existsSync } from 'node:fs';
import type { ContainerStatus } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import { isFrozen } from '../runtime/cgroup.ts';
import { damagedContainer } from '../store/container-records.ts';
import { isAlive } from '../store/files.ts';
import type { ContainerContext, Row } from './context.ts';
import { groupOf } from './pause.ts';
import type { ContainerState } from './record.ts';

/** What a filter by status takes, as docker's: `removing` is one that no container of Mica's is ever seen in. */
export const statusFilters: readonly string[] = [
  'created',
  'restarting',
  'running',
  'removing',
  'paused',
  'exited',
  'dead',
];

/** docker's word for a reconciled record: a frozen one is paused, one whose next start somebody waits for is restarting. */
export function visibleStatus(id: string, state: ContainerState): ContainerStatus {
  if (state.status === 'running') return isFrozen(groupOf(id, state)) ? 'paused' : 'running';
  return state.status === 'exited' && state.restarting && isAlive(state.restarting) ? 'restarting' : state.status;
}

/** The same of one that is shown: dead, as docker has it, is what {@link isHalf}. */
export function shownStatus(context: ContainerContext, id: string, state: ContainerState): ContainerStatus {
  const status = visibleStatus(id, state);
  return isHalf(context, id, state) ? 'dead' : status;
}

/** What a creation or a removal left that did not come to its end, or what is damaged: it can only be removed. */
function isHalf(context: ContainerContext, id: string, state: ContainerState): boolean {
  return state.damaged === true || (lacksFiles(context, id, state) && !isBeingMade(state));
}

/** Before anything is done with its files: who looked for them would speak of a folder. @throws MicaError conflict, store-damaged */
export function requireWhole(context: ContainerContext, row: Row): void {
  const { id, name, record } = row;
  if (record.damaged) throw damagedContainer({ id, name });
  if (!lacksFiles(context, id, record)) return;
  context.store.requireFolder('containers');
  requireMade(context, row);
  throw new MicaError('conflict', `container ${name} is dead: its making or its removal was cut off`, {
    subject: name,
    hint: `mica rm ${name} takes away what is left of it`,
  });
}

/** @throws MicaError conflict while somebody who lives makes it */
export function requireMade(context: ContainerContext, { id, name, record }: Row): void {
  if (!lacksFiles(context, id, record) || !isBeingMade(record)) return;
  throw new MicaError('conflict', `container ${name} is still being made by another process`, {
    subject: name,
    hint: 'wait until that is done, then try again',
  });
}

function lacksFiles(context: ContainerContext, id: string, { status }: ContainerState): boolean {
  return status !== 'running' && !existsSync(context.paths.dir(id));
}
/** By somebody who lives. */
export function isBeingMade({ status, maker }: ContainerState): boolean {
  return status === 'created' && maker !== undefined && isAlive(maker);
}
