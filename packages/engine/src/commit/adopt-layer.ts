import { mediaTypes } from '../image/descriptor.ts';
import type { NewLayer } from '../image/new-image.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/**
 * Takes the finished layer in `file` into the store. Called in the transaction that records its image: a layer whose
 * image cannot be recorded would take its room until the next prune.
 */
export function adoptLayer(
  store: Store,
  file: string,
  { digest, size, entries }: { readonly digest: Digest; readonly size: number; readonly entries: number },
): NewLayer {
  store.blobs.adopt(file, { digest, size, mediaType: mediaTypes.layer });
  const layer = { diffId: digest, digest, size, mediaType: mediaTypes.layer };
  store.layers.put({ ...layer, tarSize: size, entries });
  return layer;
}
