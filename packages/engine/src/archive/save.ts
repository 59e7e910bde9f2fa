import type { SaveOptions } from '../contract/image.ts';
import { MicaError } from '../error.ts';
import { digester } from '../hash/digester.ts';
import { mediaTypes } from '../image/descriptor.ts';
import { parseManifest } from '../image/manifest.ts';
import { parsePlatform } from '../image/platform.ts';
import { imageEvent } from '../images/events.ts';
import { canonicalOf, resolveImage } from '../images/resolve.ts';
import { type Document, type Selected, selectImage } from '../images/select.ts';
import { algorithmOf, type Digest, hexOf } from '../reference/digest.ts';
import { parseReference, type Reference } from '../reference/reference.ts';
import { isUnnoted } from '../store/database-error.ts';
import type { Store } from '../store/store.ts';
import { PlainLayers } from './plain-layers.ts';

/** Takes the files of an archive in order; a tar or a directory. */
export interface ArchiveSink {
  folder(name: string): Promise<void> | void;
  file(name: string, size: number, bytes: AsyncIterable<Uint8Array> | readonly Uint8Array[]): Promise<void>;
}

interface Chosen extends Selected {
  readonly names: Reference[];
}

/**
 * Writes images in the form that docker 25 and later write: an OCI layout (image-spec image-layout.md)
 * with docker's manifest.json beside it, so docker of any age (for zstd: {@link PlainLayers}), podman, skopeo and
 * umoci read it. Blobs go out as they are in the store, so digests stay; the bytes depend on the images and nothing else: JSON
 * first, blobs in the order of their digests, no dates. @throws MicaError no-such-image, digest-mismatch
 */
export async function saveImages(
  store: Store,
  names: readonly string[],
  sink: ArchiveSink,
  options: SaveOptions,
): Promise<void> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const since = new Set(options.since === undefined ? [] : resolveImage(store, options.since).config.rootfs.diff_ids);
  const images = new Map<Digest, Chosen>();
  for (const wanted of names.flatMap((name) => expand(store, name))) {
    const selected = selectImage(store, wanted.name, platform);
    const found = images.get(selected.document.digest) ?? { ...selected, names: [] };
    if (wanted.reference && !found.names.some(({ canonical }) => canonical === wanted.reference?.canonical))
      found.names.push(wanted.reference);
    images.set(selected.document.digest, found);
  }
  const blobs = new Map<Digest, number>();
  for (const image of images.values())
    for (const part of [image.document, ...(image.index ? [...image.index.parts, image.index.document] : [])])
      addBlobs(store, blobs, part, since);

  const plain = new PlainLayers(store, options.plainLayers ?? true);
  for (const { manifest } of images.values())
    for (const layer of manifest.layers) if (blobs.has(layer.digest)) plain.add(layer);

  const json = (value: unknown) => [Buffer.from(JSON.stringify(value))];
  const put = (name: string, parts: readonly Uint8Array[]) =>
    sink.file(
      name,
      parts.reduce((sum, part) => sum + part.length, 0),
      parts,
    );
  await put('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  await put('index.json', json(indexOf([...images.values()])));
  await put('manifest.json', json([...images.values()].map((image) => dockerItem(image, plain))));
  await sink.folder('blobs');
  const total = [...blobs.values(), ...plain.files().map(({ blob }) => blobs.get(blob) ?? 0)].reduce(
    (sum, size) => sum + size,
    0,
  );
  let bytes = 0;
  const read = (digest: Digest) =>
    verified(store, digest, (n) => {
      options.signal?.throwIfAborted();
      bytes += n;
      options.onProgress?.({ stage: 'write', subject: 'save', bytes, totalBytes: total });
    });
  let folder = '';
  for (const [digest, size] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const here = `blobs/${algorithmOf(digest)}`;
    if (here !== folder) await sink.folder(here);
    folder = here;
    await sink.file(`${here}/${hexOf(digest)}`, size, read(digest));
  }
  // Last, so that whoever reads the blobs knows these layers by then.
  if (plain.files().length > 0) await sink.folder('layers');
  for (const file of plain.files()) await sink.file(file.path, file.size, file.read(read(file.blob)));
  try {
    store.transaction(() => {
      for (const { id } of images.values()) imageEvent(store, 'save', id);
    });
  } catch (error) {
    // The archive is whole: a store that cannot take a line any more is often why it was made.
    if (!isUnnoted(error)) throw error;
  }
}

/** docker's reading: a name without a tag stands for every tag of it; an ID brings no name. */
function expand(store: Store, name: string): { name: string; reference: Reference | null }[] {
  const named = canonicalOf(name);
  const byId = /^(sha256:)?[0-9a-f]+$/.test(name) && (named === null || store.images.lookup(named) === null);
  if (byId) return [{ name, reference: null }];
  const reference = parseReference(name);
  if (reference.digest !== undefined) return [{ name, reference: null }];
  const bare = reference.tag === 'latest' && !name.endsWith(':latest');
  const prefix = `${reference.domain}/${reference.repository}:`;
  const all = store.images.allReferences().filter((one) => one.name.startsWith(prefix));
  if (!bare || all.length === 0) return [{ name, reference }];
  return all.map((one) => ({ name: one.name, reference: parseReference(one.name) }));
}

function addBlobs(store: Store, blobs: Map<Digest, number>, part: Document, since: ReadonlySet<Digest>): void {
  blobs.set(part.digest, part.bytes.length);
  if (part.mediaType === mediaTypes.index || part.mediaType === mediaTypes.dockerIndex) return;
  const { config, layers } = parseManifest(part.bytes);
  blobs.set(config.digest, config.size);
  for (const layer of layers) {
    const diffId = store.layers.formOf(layer.digest)?.diffId;
    if (diffId === undefined || !since.has(diffId)) blobs.set(layer.digest, layer.size);
  }
}

/** One descriptor a name, with the annotations by which docker, containerd and podman know it. */
function indexOf(images: readonly Chosen[]): object {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.flatMap((image) => {
      const { digest, bytes, mediaType } = image.index?.document ?? image.document;
      const item = { mediaType, digest, size: bytes.length };
      if (image.names.length === 0) return [item];
      return image.names.map((name) => ({
        ...item,
        annotations: {
          'io.containerd.image.name': name.canonical,
          'org.opencontainers.image.ref.name': name.tag,
        },
      }));
    }),
  };
}

function dockerItem(image: Chosen, plain: PlainLayers): object {
  const path = (digest: Digest) => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
  return {
    Config: path(image.id),
    RepoTags: image.names.length === 0 ? null : image.names.map(({ familiar }) => familiar),
    Layers: image.manifest.layers.map((layer) => plain.path(layer) ?? path(layer.digest)),
  };
}

/** The blob's bytes; an archive with a damaged blob in it is never called whole. */
async function* verified(store: Store, digest: Digest, onBytes: (n: number) => void): AsyncGenerator<Uint8Array> {
  const hash = digester(algorithmOf(digest));
  for await (const chunk of store.blobs.open(digest) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
  const actual = hash.digest();
  if (actual !== digest)
    throw new MicaError('store-damaged', `blob ${digest} does not match its digest: it is ${actual}`, {
      subject: digest,
      hint: 'load or pull the image again',
    });
}
