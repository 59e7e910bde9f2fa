import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import type { Database, Row } from './database.ts';
import { jsonOf } from './json-column.ts';
import type { Shape } from './shape.ts';

/** `record` is the network module's own JSON, and so is an endpoint's `lease`; the store only keeps them. */
export interface NetworkRow<T> {
  readonly id: string; // 64 hex
  readonly name: string;
  readonly created: string; // RFC 3339
  readonly record: T;
}
/** A container on a network. `ordinal` orders the networks of one container: 0 has the default route. */
export interface EndpointRow<E, L> {
  readonly container: string;
  readonly network: string;
  readonly ordinal: number;
  readonly record: E;
  /** What it holds of the machine: null while it does not run. */
  readonly lease: L | null;
}

/** What that module says of its JSON, and what stands for what is damaged. A lease that is holds nothing. */
export interface NetworkShape {
  readonly network: Shape;
  readonly endpoint: Shape;
  readonly lease: Shape;
  damagedNetwork(id: string): object;
  readonly damagedEndpoint: object;
}
const any: Shape = (value) => value !== undefined;

export class NetworkRecords {
  /** Set by the module whose records they are. */
  shape: NetworkShape = { network: any, endpoint: any, lease: any, damagedNetwork: () => ({}), damagedEndpoint: {} };
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws MicaError conflict when the name is taken, worded as docker's */
  insert<T>(row: NetworkRow<T>): void {
    this.#db.write(() => {
      if (this.#db.get('SELECT id FROM networks WHERE name = ?', row.name))
        throw new MicaError('conflict', `network with name ${row.name} already exists`, {
          subject: row.name,
          hint: `mica network inspect ${row.name} shows it; choose another name, or remove it`,
        });
      this.#db.run(
        'INSERT INTO networks VALUES (?, ?, ?, ?)',
        row.id,
        row.name,
        row.created,
        JSON.stringify(row.record),
      );
    });
  }
  update<T>(id: string, record: T): void {
    this.#db.run('UPDATE networks SET record = ? WHERE id = ?', JSON.stringify(record), id);
  }
  delete(id: string): void {
    this.#db.run('DELETE FROM networks WHERE id = ?', id);
  }
  get<T>(id: string): NetworkRow<T> | null {
    const row = this.#db.get('SELECT * FROM networks WHERE id = ?', id);
    return row === undefined ? null : this.#network<T>(row);
  }
  list<T>(): NetworkRow<T>[] {
    return this.#db.all('SELECT * FROM networks ORDER BY created, id').map((row) => this.#network<T>(row));
  }
  /** By name, full ID, then ID prefix. @throws MicaError no-such-network, ambiguous */
  find<T>(text: string): NetworkRow<T> {
    requireText(text, 'network');
    const exact =
      this.#db.get('SELECT * FROM networks WHERE name = ?', text) ??
      this.#db.get('SELECT * FROM networks WHERE id = ?', text);
    if (exact !== undefined) return this.#network<T>(exact);
    const rows = /^[0-9a-f]{1,64}$/.test(text)
      ? this.#db.all('SELECT * FROM networks WHERE id >= ? AND id < ? LIMIT 2', text, `${text}g`)
      : [];
    if (rows.length > 1)
      throw new MicaError('ambiguous', `network ${text} is ambiguous (2 matches found on ID prefix)`, {
        subject: text,
        hint: 'give more characters of its ID, or its name',
      });
    if (rows[0] !== undefined) return this.#network<T>(rows[0]);
    throw noSuchNetwork(text);
  }

  /** @throws MicaError conflict when it is on that network already, no-such-network when that went since it was found */
  attach<E>(container: string, networkId: string, record: E, name: string): void {
    this.#db.write(() => {
      if (this.get(networkId) === null) throw noSuchNetwork(networkId);
      if (this.#db.get('SELECT 1 FROM endpoints WHERE container = ? AND network = ?', container, networkId))
        throw new MicaError(
          'conflict',
          `endpoint with name ${name} already exists in network ${networkId.slice(0, 12)}`,
          {
            subject: name,
            hint: 'it is connected already: mica network disconnect takes it off',
          },
        );
      this.#db.run(
        'INSERT INTO endpoints SELECT ?, ?, coalesce(max(ordinal) + 1, 0), ?, NULL FROM endpoints WHERE container = ?',
        container,
        networkId,
        JSON.stringify(record),
        container,
      );
    });
  }
  detach(container: string, networkId: string): void {
    this.#db.run('DELETE FROM endpoints WHERE container = ? AND network = ?', container, networkId);
  }
  setLease<L>(container: string, networkId: string, lease: L | null): void {
    const text = lease === null ? null : JSON.stringify(lease);
    this.#db.run('UPDATE endpoints SET lease = ? WHERE container = ? AND network = ?', text, container, networkId);
  }
  ofContainer<E, L>(container: string): EndpointRow<E, L>[] {
    return this.#db
      .all('SELECT * FROM endpoints WHERE container = ? ORDER BY ordinal', container)
      .map((row) => this.#endpoint<E, L>(row));
  }
  ofNetwork<E, L>(networkId: string): EndpointRow<E, L>[] {
    return this.#db.all('SELECT * FROM endpoints WHERE network = ?', networkId).map((row) => this.#endpoint<E, L>(row));
  }
  /** Every endpoint that holds something of the machine. */
  leased<E, L>(): EndpointRow<E, L>[] {
    return this.#db.all('SELECT * FROM endpoints WHERE lease IS NOT NULL').map((row) => this.#endpoint<E, L>(row));
  }

  #network<T>(row: Row): NetworkRow<T> {
    const id = String(row.id);
    const record = jsonOf(row.record);
    return {
      id,
      name: String(row.name),
      created: String(row.created),
      record: (this.shape.network(record) ? record : this.shape.damagedNetwork(id)) as T,
    };
  }
  #endpoint<E, L>(row: Row): EndpointRow<E, L> {
    const record = jsonOf(row.record);
    const lease = row.lease === null ? null : jsonOf(row.lease);
    return {
      container: String(row.container),
      network: String(row.network),
      ordinal: Number(row.ordinal),
      record: (this.shape.endpoint(record) ? record : this.shape.damagedEndpoint) as E,
      lease: this.shape.lease(lease) ? (lease as L) : null,
    };
  }
}

function noSuchNetwork(text: string): MicaError {
  return new MicaError('no-such-network', `network ${text} not found`, {
    subject: text,
    hint: 'mica network ls lists them',
  });
}
