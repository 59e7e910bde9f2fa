import { MicaError } from '../error.ts';
import { cgroupPath, isFrozen } from '../runtime/cgroup.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
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
export function pauseContainer(context: ContainerContext, row: Row): void {
  const { group, runtime } = running(context, row, 'running');
  if (isFrozen(group)) throw new MicaError('conflict', `Container ${row.id} is already paused`, unpauseFirst(row.name));
  runtime.run('pause', row.id);
  tell(context, row, 'pause');
}

export function unpauseContainer(context: ContainerContext, row: Row): void {
  const { group, runtime } = running(context, row, 'paused');
  if (!isFrozen(group))
    throw new MicaError('conflict', `Container ${row.id} is not paused`, {
      subject: row.name,
      hint: 'it runs already',
    });
  runtime.run('resume', row.id);
  tell(context, row, 'unpause');
}

/** A paused process takes no signal: one that shall end goes on first. */
export function resumeIfFrozen(context: ContainerContext, id: string, state: ContainerState): void {
  if (isFrozen(groupOf(id, state))) context.runtimeOf(state).run('resume', id);
}

function running(context: ContainerContext, row: Row, wanted: string): { group: string; runtime: OciRuntime } {
  const state = reconcile(context, row);
  if (state.status !== 'running')
    throw new MicaError('not-running', `Container ${row.id} is not ${wanted}`, startFirst(row.name));
  requireRunFolder(context.paths, row, 'state');
  enterPrivateMounts();
  return { group: groupOf(row.id, state), runtime: context.runtimeOf(state) };
}
