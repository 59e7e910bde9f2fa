import { writeFileSync } from 'node:fs';
import type { UpdateOptions } from '../contract/run.ts';
import { MicaError } from '../error.ts';
import { resources, swapLimit } from '../runtime/resources.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit } from './events.ts';
import { ensureMonitor } from './monitor-lease.ts';
import { requireOptions } from './option-shapes.ts';
import { requireRunFolder } from './parts.ts';
import type { ContainerState } from './record.ts';
import { checkRestart } from './restart-policy.ts';
import { reconcile } from './state.ts';

/** Changes a container's limits, at once if it runs, and its restart policy. @throws MicaError as at its creation */
export function updateContainer(context: ContainerContext, row: Row, changes: UpdateOptions): void {
  requireOptions(changes);
  if (changes.restart) checkRestart(changes.restart);
  const state = reconcile(context, row);
  const options = { ...state.options, ...changes, ...keptSwap(row, state.options, changes) };
  if (options.remove && (changes.restart?.name ?? 'no') !== 'no')
    throw new MicaError(
      'conflict',
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
      {
        subject: row.name,
        hint: 'a container of run --rm goes at its end: run it without --rm',
      },
    );
  const wanted = resources(options);
  if (state.status === 'running' && Object.keys(wanted).length > 0) {
    requireRunFolder(context.paths, row, 'bundle', 'state');
    enterPrivateMounts();
    const file = `${context.paths.bundle(row.id)}/resources.json`;
    writeFileSync(file, JSON.stringify(wanted));
    context.runtimeOf(state).run('update', '--resources', file, row.id);
  }
  const record = context.update(row.id, (old) => {
    emit(context, row, 'update');
    return { ...old, options };
  });
  if (state.status === 'running') ensureMonitor(context, { ...row, record });
}

/** docker's: memory alone changes nothing of the swap limit, which it may therefore not go beyond. */
function keptSwap(row: Row, old: ContainerState['options'], { memory, memorySwap }: UpdateOptions): UpdateOptions {
  const limit = swapLimit(old) ?? 0;
  if (!memory || memorySwap || limit <= 0) return {};
  if (memory > limit)
    throw new MicaError(
      'conflict',
      `Cannot update container ${row.id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
      { subject: row.name, hint: `it is ${limit} bytes: give --memory-swap too` },
    );
  return { memorySwap: limit };
}
