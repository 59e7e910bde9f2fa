import { parseConfig } from '../image/config.ts';
import { mediaTypes } from '../image/descriptor.ts';
import type { NewImage } from '../image/new-image.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/** Puts config and manifest, then the image and its names in one transaction: all of it or none. */
export function storeImage(
  store: Store,
  image: NewImage,
  about: {
    readonly created: string;
    readonly size: number;
    readonly parent: Digest | null;
    readonly layers: readonly Digest[];
    readonly labels?: Readonly<Record<string, string>> | null | undefined;
  },
  references: readonly string[],
): void {
  store.transaction(() => {
    store.blobs.put(image.config, mediaTypes.config, image.id);
    store.blobs.put(image.manifest, mediaTypes.manifest, image.manifestDigest);
    store.images.insert(
      {
        id: image.id,
        manifest: image.manifestDigest,
        created: about.created,
        size: about.size,
        parent: about.parent,
        labels: about.labels ?? parseConfig(image.config).config?.Labels ?? {},
      },
      [image.manifestDigest, image.id, ...about.layers],
      references,
    );
  });
}
