import { existsSync } from 'node:fs';
import type { ContainerContext, Row } from '../container/context.ts';
import { isBeingMade } from '../container/status.ts';

/** What is wrong with a container that `system check` names; null: nothing, or somebody is making it. */
export function containerProblem({ paths }: ContainerContext, { id, name, record, isDamaged }: Row): string | null {
  if (isDamaged) return `container ${name}: its record is not readable`;
  const lost = [paths.dir(id), paths.part(id, 'upper')].find((path) => !existsSync(path));
  if (lost === undefined || isBeingMade(record)) return null;
  // What kill -9 cut off looks like that; but it may be a disk that is not mounted, too.
  const cut = record.status === 'created' ? 'making' : 'removal';
  if (record.status !== 'running' && lost === paths.dir(id))
    return `container ${name}: its folder ${lost} is gone, or its ${cut} was cut off: mica rm ${name} takes away what is left`;
  return `container ${name}: its folder ${lost} is gone, and with it what it changed`;
}
