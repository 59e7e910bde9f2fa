import { writeFileSync } from 'node:fs';
import type { UpdateOptions } from '../contract/run.ts';
import { MicaError } from '../error.ts';
import { resources } from '../runtime/resources.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit } from './events.ts';
import { reconcile } from './state.ts';

/** Changes a container's limits, at once if it runs, and its restart policy. @throws MicaError as at its creation */
export function updateContainer(context: ContainerContext, row: Row, changes: UpdateOptions): void {
  const state = reconcile(context, row);
  const options = { ...state.options, ...changes };
  if (options.remove && (changes.restart?.name ?? 'no') !== 'no')
    throw new MicaError(
      'conflict',
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
      {
        subject: row.name,
      },
    );
  const wanted = resources(options);
  if (state.status === 'running' && Object.keys(wanted).length > 0) {
    enterPrivateMounts();
    const file = `${context.paths.bundle(row.id)}/resources.json`;
    writeFileSync(file, JSON.stringify(wanted));
    context.runtimeOf(state).run('update', '--resources', file, row.id);
  }
  context.update(row.id, (old) => {
    emit(context, row, 'update');
    return { ...old, options };
  });
}
