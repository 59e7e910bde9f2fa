import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../reference/digest.ts';
import { sweepDownloads } from './downloads.ts';
import { storeError } from './files.ts';
import type { Store } from './store.ts';

export interface Collected {
  readonly blobs: Digest[];
  /** Names of what went from `layers/`. */
  readonly layers: string[];
  readonly reclaimed: number; // bytes of the blobs
}

/**
 * Runs under the write lock from the question to the removal: a process that is about to write the same
 * blob waits, then finds it gone and writes it again.
 */
export function collect(store: Store): Collected {
  store.blobs.files.sweep();
  store.unpacked.sweep();
  sweepDownloads(store.downloadsDir, false);
  return store.transaction(() => {
    const leased = store.blobs.leases.held();
    const rows = store.db.all('SELECT digest, size FROM blobs WHERE digest NOT IN (SELECT digest FROM image_blobs)');
    const blobs: Digest[] = [];
    let reclaimed = 0;
    for (const row of rows) {
      const digest = row.digest as Digest;
      if (leased.has(digest)) continue;
      try {
        store.blobs.remove(digest);
      } catch (error) {
        throw storeError(error, 'remove blob', digest);
      }
      blobs.push(digest);
      reclaimed += Number(row.size);
    }
    // A form is worth its row while its layer is here, or its own blob (of a pull that is not done).
    store.db.run(`DELETE FROM layer_forms WHERE diff_id NOT IN (SELECT diff_id FROM layers)
      AND digest NOT IN (SELECT digest FROM blobs)`);
    return { blobs, layers: collectLayers(store), reclaimed: reclaimed + store.blobs.sweepUnknown() };
  });
}

/** The cache goes with its layer, unless a container (whose image may be gone by force) stands on it. */
function collectLayers(store: Store): string[] {
  const known = new Set(store.layers.all().map((layer) => layer.diffId.slice(7)));
  const removed: string[] = [];
  if (store.containers.list().length > 0) return removed;
  let names: string[];
  try {
    names = readdirSync(store.layersDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return removed;
    throw storeError(error, 'read', store.layersDir);
  }
  for (const name of names) {
    const hex = /^([0-9a-f]{64})(?:\.(?:table|leans|hides|same|base|base\.same))?$/.exec(name)?.[1];
    if (hex === undefined || known.has(hex)) continue;
    rmSync(join(store.layersDir, name), { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}
