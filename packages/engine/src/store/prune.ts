import { type Digest, hexOf } from '../reference/digest.ts';
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
 * Rows go under the write lock, from the question to the removal: a process that is about to write the same blob waits,
 * then finds it gone and writes it again. What takes long, and what could be cut off half-way, follows: files that have
 * no row, and unpacked layers under names that nobody looks for.
 */
export function collect(store: Store): Collected {
  store.blobs.files.sweep();
  store.unpacked.sweep();
  sweepDownloads(store.downloadsDir, false);
  const { blobs, layers } = store.transaction(() => {
    const leased = store.blobs.leases.held();
    const rows = store.db.all('SELECT digest FROM blobs WHERE digest NOT IN (SELECT digest FROM image_blobs)');
    const blobs = rows.map((row) => row.digest as Digest).filter((digest) => !leased.has(digest));
    for (const digest of blobs) store.blobs.removal.forget(digest);
    // A form is worth its row while its layer is here, or its own blob (of a pull that is not done).
    store.db.run(`DELETE FROM layer_forms WHERE diff_id NOT IN (SELECT diff_id FROM layers)
      AND digest NOT IN (SELECT digest FROM blobs)`);
    return { blobs, layers: collectLayers(store) };
  });
  try {
    return { blobs, layers, reclaimed: store.blobs.removal.sweepUnknown() };
  } catch (error) {
    throw storeError(error, 'remove blobs of', store.root);
  } finally {
    store.unpacked.sweep();
  }
}

/** The cache goes with its layer, but for what a container stands on. */
function collectLayers(store: Store): string[] {
  const needed = new Set(store.layers.all().map(({ diffId }) => hexOf(diffId)));
  for (const image of store.containers.countByImage().keys()) {
    const stack = store.containers.standsOn(image);
    if (stack === null) return [];
    for (const id of stack) needed.add(hexOf(id));
  }
  return store.unpacked.discard((hex) => !needed.has(hex));
}
