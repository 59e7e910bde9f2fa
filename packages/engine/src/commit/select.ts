import { requireObject, requireTexts } from '../argument.ts';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import { statusFilters } from '../container/status.ts';
import type { CommitSelection } from '../contract/commit.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';

type Row = ContainerRow<ContainerState>;
/** The ID of a container to commit, or a name that is none, with the reason. */
export type Selected = { readonly name: string } & ({ readonly id: string } | { readonly error: unknown });

/**
 * The containers that are meant, each once. Named ones in the order given, an unknown name in its place;
 * those found by `all` or a filter by the time they were created. IDs only: the rows of a thousand are 12 MB.
 */
export function select(store: Store, containers: Lifecycle, what: CommitSelection): Selected[] {
  requireObject(what, 'selection');
  requireTexts(what.names ?? [], 'names');
  requireTexts(what.filters ?? [], 'filters');
  const found = new Map<string, Selected>();
  for (const name of what.names ?? []) {
    try {
      const row = store.containers.find<ContainerState>(name);
      if (!found.has(row.id)) found.set(row.id, { name, id: row.id });
    } catch (error) {
      found.set(`?${name}`, { name, error });
    }
  }
  if (!what.all && !what.filters?.length) return [...found.values()];
  const tests = (what.filters ?? []).map((filter) => test(store, containers, filter));
  for (const { id, name } of store.containers.names()) {
    if (found.has(id)) continue;
    const row = tests.length > 0 ? store.containers.get<ContainerState>(id) : null;
    if (tests.every((passes) => row !== null && passes(row))) found.set(id, { name, id });
  }
  return [...found.values()];
}

/** `ps --filter`'s keys. @throws MicaError invalid-argument */
function test(store: Store, containers: Lifecycle, filter: string): (row: Row) => boolean {
  const at = filter.indexOf('=');
  const key = at < 0 ? filter : filter.slice(0, at);
  const value = at < 0 ? '' : filter.slice(at + 1);
  if (value === '') throw bad(filter, 'expected KEY=VALUE');
  switch (key) {
    case 'name': {
      let pattern: RegExp;
      try {
        pattern = new RegExp(value);
      } catch (error) {
        throw bad(filter, (error as Error).message);
      }
      return (row) => pattern.test(row.name) || pattern.test(`/${row.name}`);
    }
    case 'id':
      return (row) => row.id.startsWith(value);
    case 'label': {
      const [label = '', wanted] = value.split(/=(.*)/s, 2);
      return ({ record: { options } }) => {
        const has = options.labels?.[label];
        return has !== undefined && (wanted === undefined || has === wanted);
      };
    }
    case 'status':
      if (!statusFilters.includes(value)) throw bad(filter, `a status is one of ${statusFilters.join(', ')}`);
      return (row) => containers.reconcile(row).status === value;
    case 'ancestor': {
      const { id } = resolveImage(store, value);
      return (row) => row.image === id;
    }
    default:
      throw bad(filter, `unknown key ${key}`);
  }
}

function bad(filter: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid filter '${filter}': ${why}`, {
    subject: filter,
    hint: 'name=, id=, label=, status=, ancestor=',
  });
}
