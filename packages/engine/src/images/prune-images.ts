import type { PrunedImages, RemovedImage } from '../contract/image.ts';
import { MicaError } from '../error.ts';
import { sweepDownloads } from '../store/downloads.ts';
import type { ImageRecord } from '../store/image-records.ts';
import type { Store } from '../store/store.ts';
import type { Images } from './images.ts';

/**
 * docker image prune: images without a tag that no other image was made from; with `all` every image that
 * no container has. What was left of cut downloads goes too. `keep` spares images.
 */
export function pruneImages(
  store: Store,
  service: Images,
  options: { readonly all: boolean; readonly keep: (image: ImageRecord) => boolean },
): PrunedImages {
  const used = store.containers.countByImage();
  const before = bytesOf(store);
  const removed: RemovedImage[] = [];
  for (const image of store.images.all()) {
    if (used.has(image.id) || options.keep(image)) continue;
    const tagged = store.images.references(image.id).some((name) => !name.includes('@'));
    if (!options.all && (tagged || store.images.children(image.id).length > 0)) continue;
    try {
      removed.push(...service.remove(image.id, true));
    } catch (error) {
      // Between the two looks a container was made of it, or somebody else removed it.
      if (!(error instanceof MicaError) || !['image-in-use', 'no-such-image'].includes(error.code)) throw error;
    }
  }
  store.collect();
  return { removed, reclaimed: before - bytesOf(store) + sweepDownloads(store.downloadsDir, true) };
}

function bytesOf(store: Store): number {
  return store.blobs.all().reduce((sum, { size }) => sum + size, 0);
}
