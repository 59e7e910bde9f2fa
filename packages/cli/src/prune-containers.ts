import { type ContainerSummary, type Engine, MicaError } from '@mica/engine';
import { report } from './report.ts';

/** docker container prune: what does not run and `mayGo`; their IDs, and the bytes of their writable layers. */
export async function pruneContainers(
  engine: Engine,
  mayGo: (container: ContainerSummary) => boolean,
): Promise<{ removed: string[]; reclaimed: number }> {
  const removed: string[] = [];
  let reclaimed = 0;
  for (const row of engine.containers.list(true, { size: true })) {
    if (!['exited', 'created', 'dead'].includes(row.status) || !mayGo(row)) continue;
    try {
      await engine.containers.remove(row.id);
    } catch (error) {
      // Between the two looks somebody started it, or removed it: docker's prune goes on, too.
      if (!(error instanceof MicaError)) throw error;
      if (error.code === 'store-damaged') process.exitCode = report(error);
      else if (!['conflict', 'no-such-container'].includes(error.code)) throw error;
      continue;
    }
    removed.push(row.id);
    reclaimed += row.sizeRw ?? 0;
  }
  return { removed, reclaimed };
}
