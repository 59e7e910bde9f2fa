import { existsSync } from 'node:fs';
import { MicaError } from '../error.ts';
import type { ContainerContext, Row } from './context.ts';
import type { ContainerState } from './record.ts';
import { beingReset, isResetting } from './resetting.ts';

/**
 * For whoever reads a container's files without stopping its removal or reset: begin with it, and call what it returns
 * when all is read. Of a tree that was taken away meanwhile some files are missing or empty.
 * @throws MicaError conflict when it is being reset; afterwards conflict, no-such-container
 */
export function watchUpper(context: ContainerContext, row: Row): () => void {
  const then = context.store.containers.find<ContainerState>(row.id).record;
  if (isResetting(then)) throw beingReset(row.name);
  return () => {
    const now = context.store.containers.get<ContainerState>(row.id);
    // A removal takes the folder first, and the row when all of it is gone.
    if (now === null || !existsSync(context.paths.dir(row.id))) throw removed(row.name, 'read');
    if (resetBetween(now.record, then)) throw wasReset(row.name, 'read');
  };
}

/** Whether the container was reset between the two: what was read of its upper may be half of it. */
export function resetBetween(now: ContainerState, then: ContainerState): boolean {
  return (now.resets ?? 0) !== (then.resets ?? 0);
}

export function wasReset(name: string, doing: 'committed' | 'read'): MicaError {
  return new MicaError('conflict', `container ${name} was reset while it was ${doing}`, {
    subject: name,
    hint: doing === 'committed' ? 'commit again' : 'try again',
  });
}

export function removed(name: string, doing: 'committed' | 'made' | 'read'): MicaError {
  return new MicaError('no-such-container', `No such container: ${name}`, {
    subject: name,
    hint: `it was removed while it was ${doing}`,
  });
}
