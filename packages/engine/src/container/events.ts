import { modeId } from '../network/modes.ts';
import type { NetworkState } from '../network/record.ts';
import { isUnnoted } from '../store/database-error.ts';
import type { EventRow } from '../store/event-records.ts';
import { nanoseconds } from '../system/clock.ts';
import type { ContainerContext, Row } from './context.ts';

/** Writes down what happened to a container, in the transaction of the change. `at`: when, RFC 3339; else now. */
export function emit(
  context: ContainerContext,
  row: Pick<Row, 'id' | 'name' | 'record'>,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
  at?: string,
): void {
  const { options } = row.record;
  const time = at === undefined ? nanoseconds() : BigInt(Date.parse(at)) * 1_000_000n;
  context.store.events.append({
    time,
    type: 'container',
    action,
    id: row.id,
    attributes: { ...options.labels, ...attributes, image: options.image, name: row.name },
  });
}

/** Of what changes nothing in the container's record; on a disk that is full, or read-only, it goes untold, so that exec can clear up. */
export function tell(context: ContainerContext, row: Row, action: string, attributes?: Record<string, string>): void {
  try {
    context.store.transaction(() => emit(context, row, action, attributes));
  } catch (error) {
    if (!isUnnoted(error)) throw error;
  }
}

const modeNetworks: Readonly<Record<string, readonly { id: string; name: string; type: string }[]>> = {
  host: [{ id: modeId('host'), name: 'host', type: 'host' }],
  none: [{ id: modeId('none'), name: 'none', type: 'null' }],
};

/** docker's words for what a container's start takes and its end gives back: its networks and its volumes. */
export function emitHoldings(context: ContainerContext, row: Row, what: 'taken' | 'given back', at: string): void {
  const { store } = context;
  const time = BigInt(Date.parse(at)) * 1_000_000n;
  const tell = (type: string, action: string, id: string, attributes: Record<string, string>) =>
    store.events.append({ time, type, action, id, attributes: { container: row.id, ...attributes } });
  const networks: { id: string; name: string; type?: string }[] = store.networks
    .ofContainer(row.id)
    .map(({ network }) => ({ id: network, name: store.networks.get<NetworkState>(network)?.name ?? network }));
  const { network: mode = 'none' } = row.record.options;
  for (const { id, name, type = 'bridge' } of networks.length > 0 ? networks : (modeNetworks[mode] ?? []))
    tell('network', what === 'taken' ? 'connect' : 'disconnect', id, { name, type });
  for (const { name, target, readOnly } of row.record.mounts) {
    if (name === undefined) continue;
    const how = { destination: target, propagation: '', 'read/write': `${!readOnly}` };
    if (what === 'taken') tell('volume', 'mount', name, { driver: 'local', ...how });
    else tell('volume', 'unmount', name, { driver: 'local' });
  }
}

export interface EventQuery {
  readonly since?: bigint; // nanoseconds since 1970
  readonly until?: bigint;
  /** Whether to go on with what happens from now on. */
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

/**
 * What happened, in order. Following looks at the store five times a second, and at the containers too:
 * an end that nobody has written down yet is an event.
 */
export async function* readEvents(
  context: ContainerContext,
  query: EventQuery,
  look: () => void,
): AsyncGenerator<EventRow> {
  const { events } = context.store;
  let seq = query.since === undefined ? events.last() : 0;
  look();
  for (;;) {
    const rows = events.after(seq);
    for (const row of rows) {
      seq = row.seq;
      if (query.until !== undefined && row.time > query.until) continue;
      if (query.since === undefined || row.time >= query.since) yield row;
    }
    if (rows.length > 0) continue;
    if (!query.follow || (query.until !== undefined && nanoseconds() >= query.until) || query.signal?.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
    look();
  }
}
