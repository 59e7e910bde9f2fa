import { MicaError } from '../error.ts';
import { sha256 } from '../hash/sha256.ts';
import { isIndexType, type Platform } from '../image/descriptor.ts';
import { maxManifestBytes, parseJsonObject } from '../image/json.ts';
import { type ImageIndex, isIndex, type Manifest, parseIndex, parseManifest } from '../image/manifest.ts';
import { choosePlatform, platformText, runsOn } from '../image/platform.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { resolveImage, targetOf } from './resolve.ts';

/** A manifest or index as it is sent elsewhere: its very bytes. */
export interface Document {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}
export interface Selected {
  /** The image of one platform. */
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly document: Document;
  /** The index that the name points at, when all of it is here. */
  readonly index: { readonly document: Document; readonly parts: readonly Document[] } | null;
}

/**
 * What an image is sent as: the manifest or index that its name came with, byte for byte, as long as
 * all of its blobs are here; else the image's own manifest. With a platform, that one's manifest.
 */
export function selectImage(store: Store, name: string, platform?: Platform): Selected {
  const image = resolveImage(store, name);
  const target = targetOf(store, name);
  const own = store.images.get(image.id)?.manifest as Digest;
  const top = target !== null && store.blobs.has(target) ? document(store, target) : document(store, own);
  if (isIndexType(top.mediaType)) {
    const index = parseIndex(top.bytes);
    if (platform === undefined) {
      const parts = indexParts(store, index);
      return { ...single(document(store, own)), index: parts === null ? null : { document: top, parts } };
    }
    const chosen = choosePlatform(index.manifests, platform);
    if (chosen === undefined || !complete(store, chosen.digest)) throw noPlatform(name, platform);
    return { ...single(document(store, chosen.digest)), index: null };
  }
  const of = complete(store, top.digest) ? top : document(store, own);
  if (platform !== undefined && !runsOn(image.config, platform)) throw noPlatform(name, platform);
  return { ...single(of), index: null };
}

function single(of: Document): Omit<Selected, 'index'> {
  const manifest = parseManifest(of.bytes);
  return { id: manifest.config.digest, manifest, document: of };
}

function document(store: Store, digest: Digest): Document {
  return describe(store.blobs.read(digest));
}

/** The media type is the document's own; older ones that name none are told by their fields. */
function describe(bytes: Uint8Array): Document {
  const raw = parseJsonObject(bytes, 'manifest', maxManifestBytes);
  const named = typeof raw.mediaType === 'string' && raw.mediaType !== '' ? raw.mediaType : undefined;
  const oci = `application/vnd.oci.image.${isIndex(raw) ? 'index' : 'manifest'}.v1+json`;
  return { digest: sha256(bytes), bytes, mediaType: named ?? oci };
}

/** Whether every blob that a manifest names is in the store. */
function complete(store: Store, manifest: Digest): boolean {
  if (!store.blobs.has(manifest)) return false;
  const { config, layers } = parseManifest(store.blobs.read(manifest));
  return [config, ...layers].every(({ digest }) => store.blobs.has(digest));
}

/** Every document below an index, children first; null when something is not here. */
function indexParts(store: Store, index: ImageIndex, seen = new Set<Digest>()): Document[] | null {
  const parts: Document[] = [];
  for (const item of index.manifests) {
    if (seen.has(item.digest)) continue;
    seen.add(item.digest);
    if (!store.blobs.has(item.digest)) return null;
    const part = document(store, item.digest);
    if (isIndexType(part.mediaType)) {
      const below = indexParts(store, parseIndex(part.bytes), seen);
      if (below === null) return null;
      parts.push(...below);
    } else if (!complete(store, item.digest)) return null;
    parts.push(part);
  }
  return parts;
}

function noPlatform(name: string, platform: Platform): MicaError {
  return new MicaError('no-such-image', `image ${name} is not here for platform ${platformText(platform)}`, {
    subject: name,
    hint: `mica pull --platform ${platformText(platform)} ${name}`,
  });
}
