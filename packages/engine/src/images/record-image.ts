import type { ImageConfig } from '../image/config.ts';
import { layerTypeOf } from '../image/descriptor.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/** An image from outside whose blobs are all in the store. */
export interface ReceivedImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly manifest: Digest;
  readonly layers: readonly {
    readonly diffId: Digest;
    readonly digest: Digest;
    readonly size: number;
    readonly tarSize: number;
    readonly compression: 'none' | 'gzip' | 'zstd';
    readonly entries: number | null;
  }[];
  /** Canonical names, each with the manifest or index it came with. */
  readonly names: readonly { readonly name: string; readonly target: Digest }[];
  /** Blobs kept with it besides its own: the index, other platforms. */
  readonly others: readonly Digest[];
}

/**
 * Layers, images and names in one transaction: all of them or none. The names that pointed elsewhere before.
 * Of an image that is `hidden` (another platform's) only the layers become known. `tell` writes the event.
 */
export function recordImages(
  store: Store,
  images: readonly ReceivedImage[],
  how: { readonly hidden?: boolean; readonly tell?: (id: Digest) => void } = {},
): { name: string; id: Digest }[] {
  const moved: { name: string; id: Digest }[] = [];
  store.transaction(() => {
    for (const image of images) {
      for (const { compression, ...layer } of image.layers) {
        const record = { ...layer, mediaType: layerTypeOf(compression) };
        const known = store.layers.get(layer.diffId);
        if (known !== null && store.blobs.has(known.digest)) store.layers.putForm({ ...record, recipe: null });
        else store.layers.put(record);
      }
      if (how.hidden) continue;
      const blobs = [image.manifest, image.id, ...image.layers.map(({ digest }) => digest), ...image.others];
      store.images.insert(
        {
          id: image.id,
          manifest: image.manifest,
          created: image.config.created ?? '',
          size: image.layers.reduce((sum, layer) => sum + layer.tarSize, 0),
          parent: null,
          labels: image.config.config?.Labels ?? {},
        },
        blobs,
      );
      for (const { name, target } of image.names) {
        const before = store.images.lookup(name);
        if (before !== null && before !== image.id) moved.push({ name, id: before });
        store.images.tag(name, image.id, target);
      }
      how.tell?.(image.id);
    }
  });
  store.reserve.restore();
  return moved;
}
