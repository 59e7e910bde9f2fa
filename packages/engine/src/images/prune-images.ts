import type { PrunedImages, RemovedImage } from '../contract/image.ts';
import type { Digest } from '../reference/digest.ts';
import { sweepDownloads } from '../store/downloads.ts';
import type { ImageRecord } from '../store/image-records.ts';
import type { Store } from '../store/store.ts';
import type { Detached } from './images.ts';

/** Takes the image and its names away, if it still `mayGo`; null if not. */
type Remove = (id: Digest, mayGo: () => boolean) => Detached | null;

/**
 * docker image prune: images without a tag that no other image was made from, and then those that they were made from;
 * with `all` every image that no container has. What was left of cut downloads goes too. `keep` spares images.
 */
export function pruneImages(
  store: Store,
  remove: Remove,
  collected: (all: readonly Detached[]) => RemovedImage[],
  options: { readonly all: boolean; readonly keep: (image: ImageRecord) => boolean },
): PrunedImages {
  const before = bytesOf(store);
  const mayGo = (image: ImageRecord) =>
    !options.keep(image) &&
    store.images.get(image.id) !== null &&
    !store.containers.hasImage(image.id) &&
    (options.all || (!isTagged(store, image.id) && store.images.children(image.id).length === 0));
  const gone: Detached[] = [];
  for (const image of store.images.all())
    for (let at: ImageRecord | null = image; at !== null; ) {
      const { id, parent }: ImageRecord = at;
      const detached = remove(id, mayGo.bind(null, at));
      if (detached === null) break;
      gone.push(detached);
      at = parent === null ? null : store.images.get(parent);
    }
  const removed = collected(gone);
  store.collect();
  // Of what another command adds meanwhile there is more after than before.
  const reclaimed = Math.max(0, before - bytesOf(store)) + sweepDownloads(store.downloadsDir, true);
  return { removed, reclaimed };
}

function isTagged(store: Store, id: Digest): boolean {
  return store.images.references(id).some((name) => !name.includes('@'));
}

function bytesOf(store: Store): number {
  return store.blobs.all().reduce((sum, { size }) => sum + size, 0);
}
