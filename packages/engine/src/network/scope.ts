import { mkdirSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Store } from '../store/store.ts';
import { withFileLock } from '../system/lock.ts';
import { networkShape } from './record-shape.ts';

/** The store of the machine itself: its bridge and rules stay, as docker's do. */
const machineRoot = '/var/lib/mica';
/** The network of a container that names none. */
export const defaultNetwork = 'bridge';

/** A store's root is without links, and this may be one: to a larger disk. */
function isMachines(root: string): boolean {
  if (root === machineRoot) return true;
  try {
    return root === realpathSync.native(machineRoot);
  } catch {
    return false; // there is none
  }
}

/** The nftables table of the store with that run folder, but for the machine's own. */
export function tableOf(run: string): string {
  return `mica-${basename(run)}`;
}

/** What belongs to one store on the machine, by name: two stores never touch each other's. */
export class Scope {
  readonly store: Store;
  /** The store's folder below /run. */
  readonly run: string;
  /** Its nftables table. */
  readonly table: string;
  /** Its default network's interface. */
  readonly bridge: string;
  readonly permanent: boolean;
  /** Where its search for a free subnet starts. */
  readonly seed: number;

  constructor(store: Store, run: string) {
    this.store = store;
    store.networks.shape = networkShape;
    this.run = run;
    this.permanent = isMachines(store.root);
    const hash = basename(run);
    this.table = this.permanent ? 'mica' : tableOf(run);
    this.bridge = this.permanent ? 'mica0' : `mica-${hash}`;
    this.seed = this.permanent ? 0 : Number.parseInt(hash, 16);
  }

  /**
   * One change to networks at a time on the whole machine: subnets, interfaces and forwarding are common
   * to all stores. Held for some milliseconds; a killed holder lets go.
   */
  locked<T>(change: () => T): T {
    mkdirSync('/run/mica', { recursive: true, mode: 0o711 });
    return withFileLock('/run/mica/network.lock', change);
  }
}
