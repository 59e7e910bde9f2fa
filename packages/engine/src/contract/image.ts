/** Images, and archives of them. Paths inside images are bytes in the store and `string` (utf8) here. */

import type { Digest } from '../reference/digest.ts';
import type { Task } from './task.ts';

/** An image as it is now: a row of `images`. */
export interface ImageSummary {
  readonly id: Digest; // of the config
  readonly digest: Digest | null; // of the manifest
  readonly repoTags: readonly string[]; // familiar names: busybox:latest
  readonly repoDigests: readonly string[]; // what registries know it as: busybox@sha256:…
  readonly created: string; // RFC 3339; empty when the image does not say
  readonly size: number; // bytes, sum of the uncompressed layers
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: number;
}
/** One step of an image's history, an empty one included; `size` is in bytes. */
export interface HistoryRow {
  readonly id: string; // image ID or '<missing>'
  readonly created: string;
  readonly createdBy: string;
  readonly size: number;
  readonly comment: string;
  readonly author: string;
  readonly emptyLayer: boolean;
  readonly tags: readonly string[];
}
/** docker diff's A, C and D. */
export interface Change {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
  /** The same as it is, without the first slash: a name need not be UTF-8. */
  readonly pathBytes: Uint8Array;
}
/** What an imported tar becomes: its name, and what its config says. */
export interface ImportOptions extends Task {
  readonly reference?: string;
  readonly changes?: readonly string[];
  readonly message?: string;
  readonly platform?: string;
}
/** How an archive of images is loaded. */
export interface LoadOptions extends Task {
  /** Which image of an index gets the name: `linux/arm64`. This machine's own otherwise. */
  readonly platform?: string;
}
/** One image that an archive brought. */
export interface LoadedImage {
  readonly id: Digest;
  readonly references: readonly string[]; // familiar names
  /** Names of it that pointed at another image before. */
  readonly replaced: readonly { readonly reference: string; readonly id: Digest }[];
}
/** What goes into an archive of images. */
export interface SaveOptions extends Task {
  readonly platform?: string;
  /** Leave out the layers of this image: the other side has them. */
  readonly since?: string;
  /** zstd layers also as plain tars, which docker before 23 needs (the OCI layout does not). Default true. */
  readonly plainLayers?: boolean;
}
/** One thing that a removal took away: a name, or by its ID an image. */
export type RemovedImage = { readonly untagged: string } | { readonly deleted: Digest };
/** What a prune of images took away. */
export interface PrunedImages {
  readonly removed: readonly RemovedImage[];
  readonly reclaimed: number; // bytes
}
