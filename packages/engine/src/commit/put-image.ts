import type { ImageConfig } from '../image/config.ts';
import { type NewLayer, newImage } from '../image/new-image.ts';
import { storeImage } from '../images/store-image.ts';
import type { Digest } from '../reference/digest.ts';
import type { Reference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';

/** What a new image stands on, and how it came about. */
export interface Foundation {
  /** Of these layers, as the new image shall have it but for its history. */
  readonly config: ImageConfig;
  readonly layers: readonly NewLayer[];
  /** Bytes of their tars. */
  readonly size: number;
  readonly parent: Digest | null;
  /** An image whose layers are among these: gone meanwhile, they may be, too. */
  readonly onto?: Digest | null;
  readonly createdBy: string;
}

/** What the options of all that make an image say of it. */
export interface Described {
  readonly author?: string;
  readonly message?: string;
  /** Seconds since 1970; now unless told. */
  readonly timestamp?: number;
}

/**
 * Puts an image into the store: these layers and `top`, if there is one, under a name, if it has one. In the transaction
 * that takes the layer in. @throws MicaError no-such-image when what it stands on went meanwhile
 */
export function putImage(
  store: Store,
  on: Foundation,
  top: NewLayer | null,
  { author, message, timestamp }: Described,
  reference: Reference | null,
): Digest {
  const created = new Date(timestamp === undefined ? Date.now() : timestamp * 1000).toISOString();
  const image = newImage(on.config, on.layers, top, {
    created,
    createdBy: on.createdBy,
    ...(author ? { author } : {}),
    ...(message ? { comment: message } : {}),
  });
  const layers = [...on.layers, ...(top ? [top] : [])].map(({ digest }) => digest);
  const size = on.size + (top?.size ?? 0);
  const labels = on.config.config?.Labels ?? {};
  const about = { created, size, parent: on.parent, onto: on.onto ?? null, layers, labels };
  storeImage(store, image, about, reference ? [reference.canonical] : []);
  return image.id;
}
