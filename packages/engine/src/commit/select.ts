import { requireList, requireObject } from '../argument.ts';
import type { ContainerState } from '../container/record.ts';
import type { CommitSelection } from '../contract/commit.ts';
import { MicaError } from '../error.ts';
import type { Store } from '../store/store.ts';

const PARTS = new Set<string>(['names', 'all'] satisfies (keyof CommitSelection)[]);

/** The ID of a container to commit, or a name that is none, with the reason. */
export type Selected = { readonly name: string } & ({ readonly id: string } | { readonly error: unknown });

/**
 * The containers that are meant, each once. Named ones in the order given, an unknown name in its place;
 * all others by the time they were created. IDs only: the rows of a thousand are 12 MB.
 */
export function select(store: Store, what: CommitSelection): Selected[] {
  requireObject(what, 'selection');
  const stranger = Object.keys(what).find((key) => !PARTS.has(key));
  if (stranger !== undefined) throw unknownPart(stranger);
  requireList(what.names ?? [], 'names');
  const found = new Map<string, Selected>();
  for (const name of what.names ?? []) {
    try {
      const row = store.containers.find<ContainerState>(name);
      if (!found.has(row.id)) found.set(row.id, { name, id: row.id });
    } catch (error) {
      found.set(`?${name}`, { name, error });
    }
  }
  if (what.all) for (const { id, name } of store.containers.names()) if (!found.has(id)) found.set(id, { name, id });
  return [...found.values()];
}

/** Ignored, a batch would be of other containers than were meant. */
function unknownPart(key: string): MicaError {
  return new MicaError('invalid-argument', `invalid selection: it has no ${JSON.stringify(key)}`, {
    subject: key,
    hint: 'it is an object of `names` and `all`: what else tells them apart is looked up first, by containers.list',
  });
}
