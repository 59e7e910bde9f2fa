import { requireList, requireObject, requireTexts } from '../argument.ts';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import { statusFilters, visibleStatus } from '../container/status.ts';
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
  requireList(what.names ?? [], 'names');
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
  const tests = [...byKey(what.filters ?? [])].map(([key, values]) => test(store, containers, key, values));
  for (const { id, name } of store.containers.names()) {
    if (found.has(id)) continue;
    const row = tests.length > 0 ? store.containers.get<ContainerState>(id) : null;
    if (tests.every((passes) => row !== null && passes(row))) found.set(id, { name, id });
  }
  return [...found.values()];
}

/** What is asked of one key, in the order given. @throws MicaError invalid-argument */
function byKey(filters: readonly string[]): Map<string, string[]> {
  const asked = new Map<string, string[]>();
  for (const filter of filters) {
    const at = filter.indexOf('=');
    if (at < 0 || at === filter.length - 1) throw bad(filter, 'expected KEY=VALUE');
    const key = filter.slice(0, at);
    asked.set(key, [...(asked.get(key) ?? []), filter.slice(at + 1)]);
  }
  return asked;
}

/** As `ps --filter` has it: values of one key are alternatives (of `label` all must hold), keys all hold. */
function test(store: Store, containers: Lifecycle, key: string, values: readonly string[]): (row: Row) => boolean {
  switch (key) {
    case 'name': {
      const patterns = values.map((value) => pattern(key, value));
      return ({ name }) => patterns.some((one) => one.test(name) || one.test(`/${name}`));
    }
    case 'id': {
      const patterns = values.map((value) => pattern(key, value));
      return ({ id }) => patterns.some((one) => one.test(id));
    }
    case 'label':
      return ({ record: { options } }) =>
        values.every((value) => {
          const [label = '', wanted] = value.split(/=(.*)/s, 2);
          const has = options.labels?.[label];
          return has !== undefined && (wanted === undefined || has === wanted);
        });
    case 'status':
      for (const value of values)
        if (!statusFilters.includes(value))
          throw bad(`${key}=${value}`, `a status is one of ${statusFilters.join(', ')}`);
      return (row) => values.includes(visibleStatus(row.id, containers.reconcile(row)));
    case 'ancestor':
      return ancestor(store, values);
    default:
      throw bad(`${key}=${values[0]}`, `unknown key ${key}`);
  }
}

/** Containers of the images, and of every image that stands on their layers. @throws MicaError no-such-image */
function ancestor(store: Store, values: readonly string[]): (row: Row) => boolean {
  const stacks = values.map((value) => resolveImage(store, value).config.rootfs.diff_ids);
  const known = new Map<string, boolean>();
  return ({ image }) => {
    let holds = known.get(image);
    if (holds === undefined) {
      const own = resolveImage(store, image).config.rootfs.diff_ids;
      holds = stacks.some((stack) => stack.every((layer, at) => own[at] === layer));
      known.set(image, holds);
    }
    return holds;
  };
}

function pattern(key: string, value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw bad(`${key}=${value}`, (error as Error).message);
  }
}

function bad(filter: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid filter '${filter}': ${why}`, {
    subject: filter,
    hint: 'name=, id=, label=, status=, ancestor=',
  });
}
