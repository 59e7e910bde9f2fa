import type { Digest } from '../reference/digest.ts';

/** image-spec descriptor.md: points at a blob. Unknown fields are kept. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number; // bytes of the blob
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly [field: string]: unknown;
}
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly [field: string]: unknown;
}

/** image-spec media-types.md, and docker's schema 2 twins. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** The media type of a layer as its bytes are compressed. */
export function layerTypeOf(compression: 'none' | 'gzip' | 'zstd'): string {
  return { none: mediaTypes.layer, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd }[compression];
}
export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig;
}
export function isIndexType(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerIndex;
}
export function isManifestType(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest;
}
