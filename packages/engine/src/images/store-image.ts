import { parseConfig } from '../image/config.ts';
import { mediaTypes } from '../image/descriptor.ts';
import type { NewImage } from '../image/new-image.ts';
import type { Digest } from '../reference/digest.ts';
import { parseReference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { imageEvent } from './events.ts';
import { noSuchImage } from './resolve.ts';

/**
 * Puts config and manifest, then the image and its names in one transaction: all of it or none.
 * @throws MicaError no-such-image when that whose layers it stands on went meanwhile
 */
export function storeImage(
  store: Store,
  image: NewImage,
  about: {
    readonly created: string;
    readonly size: number;
    readonly parent: Digest | null;
    readonly layers: readonly Digest[];
    /** An image whose layers are among these. */
    readonly onto?: Digest | null;
    readonly labels?: Readonly<Record<string, string>> | null | undefined;
  },
  references: readonly string[],
): void {
  store.transaction(() => {
    // Removed since it was read, its layers may be gone: the new image would be one that cannot run.
    if (about.onto && store.images.get(about.onto) === null) throw noSuchImage(about.onto);
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
    for (const name of references) imageEvent(store, 'tag', image.id, parseReference(name).familiar);
  });
  store.reserve.restore();
}
