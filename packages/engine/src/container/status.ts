import { existsSync } from 'node:fs';
import type { ContainerStatus } from '../contract/container.ts';
import { isFrozen } from '../runtime/cgroup.ts';
import { isAlive } from '../store/files.ts';
import type { ContainerContext } from './context.ts';
import { groupOf } from './pause.ts';
import type { ContainerState } from './record.ts';

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

/** What a creation or a removal left that did not come to its end: it can only be removed. */
export function isHalf(context: ContainerContext, id: string, { status, maker }: ContainerState): boolean {
  if (status === 'running' || existsSync(context.paths.dir(id))) return false;
  return status === 'exited' || !(maker && isAlive(maker));
}
