import { sha256 } from '../hash/sha256.ts';
import type { Digest } from '../reference/digest.ts';
import type { HistoryEntry, ImageConfig } from './config.ts';
import { mediaTypes } from './descriptor.ts';

/** A layer as its blob stands in the store. */
export interface NewLayer {
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}
export interface NewImage {
  readonly id: Digest;
  readonly config: Uint8Array;
  readonly manifestDigest: Digest;
  readonly manifest: Uint8Array;
}

/**
 * A config and manifest on top of `base`: one history row, and one layer unless `layer` is null
 * (then the row says `empty_layer`, image-spec config.md). `layers` are the base's own, as stored.
 * The bytes depend on nothing but the arguments.
 */
export function newImage(
  base: ImageConfig,
  layers: readonly NewLayer[],
  layer: NewLayer | null,
  meta: { readonly created: string; readonly createdBy: string; readonly author?: string; readonly comment?: string },
): NewImage {
  const row: HistoryEntry = {
    created: meta.created,
    created_by: meta.createdBy,
    ...(meta.author ? { author: meta.author } : {}),
    ...(meta.comment ? { comment: meta.comment } : {}),
    ...(layer === null ? { empty_layer: true } : {}),
  };
  const config: ImageConfig = {
    ...base,
    created: meta.created,
    ...(meta.author ? { author: meta.author } : {}),
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...(layer ? [layer.diffId] : [])] },
    // A base without history (an import of a rootfs) gets rows for its layers, so that counts agree.
    history: [...(base.history ?? base.rootfs.diff_ids.map(() => ({}))), row],
  };
  const configBytes = Buffer.from(JSON.stringify(config));
  const id = sha256(configBytes);
  const manifest = imageManifest({ digest: id, size: configBytes.length }, [...layers, ...(layer ? [layer] : [])]);
  return { id, config: configBytes, manifestDigest: sha256(manifest), manifest };
}

/** An OCI manifest of these layers. docker's media types become their OCI twins: readers refuse a mixture. */
export function imageManifest(
  config: { readonly digest: Digest; readonly size: number },
  layers: readonly Omit<NewLayer, 'diffId'>[],
): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, digest: config.digest, size: config.size },
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: ociLayerType(mediaType), digest, size })),
    }),
  );
}

function ociLayerType(mediaType: string): string {
  if (mediaType === mediaTypes.dockerLayer) return mediaTypes.layer;
  return mediaType === mediaTypes.dockerLayerGzip ? mediaTypes.layerGzip : mediaType;
}
