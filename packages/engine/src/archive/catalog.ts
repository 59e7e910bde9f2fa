import { MicaError } from '../error.ts';
import { sha256 } from '../hash/sha256.ts';
import { type ImageConfig, parseConfig } from '../image/config.ts';
import { type Descriptor, isConfigType, isIndexType, isManifestType, type Platform } from '../image/descriptor.ts';
import { IndexWalk } from '../image/index-walk.ts';
import { isObject, maxConfigBytes, parseJson } from '../image/json.ts';
import { type ImageIndex, type Manifest, parseIndex, parseManifest } from '../image/manifest.ts';
import { choosePlatform } from '../image/platform.ts';
import type { Digest } from '../reference/digest.ts';
import { parseNewName, type Reference, withTag } from '../reference/reference.ts';
import type { Arrival, ArrivedLayer } from './arrival.ts';

/** One image of an archive, checked: its layers are all here and are those its config names. */
export interface CatalogImage {
  readonly id: Digest;
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly layers: readonly ArrivedLayer[];
  /** Null: the archive has none, docker's old form. */
  readonly manifest: Digest | null;
  /** The index it came in, if it did. */
  readonly index: Digest | null;
  readonly names: Reference[];
  /** Other blobs that the index refers to: kept with the image. */
  readonly others: Digest[];
}

/** The names that docker, containerd and podman give in an index's annotations (image-spec annotations.md). */
const fullName = 'io.containerd.image.name';
const refName = 'org.opencontainers.image.ref.name';

/**
 * The images of an archive once all of it has come. `manifest.json` (docker) gives the names; the OCI
 * index gives the manifests as they were, so an archive that has both loses nothing. @throws MicaError
 */
export function readCatalog(arrival: Arrival, platform: Platform): CatalogImage[] {
  const images = new Map<Digest, CatalogImage>();
  const add = (found: CatalogImage) => {
    const known = images.get(found.id);
    if (known === undefined) images.set(found.id, found);
    else
      for (const name of found.names)
        if (!known.names.some((one) => one.canonical === name.canonical)) known.names.push(name);
  };
  const layout = arrival.document('index.json');
  if (layout !== null) for (const item of parseIndex(layout).manifests) add(ociImage(arrival, item, platform));
  const items = arrival.document('manifest.json');
  if (items !== null) for (const found of dockerImages(arrival, items, images)) add(found);
  if (images.size === 0)
    throw new MicaError('invalid-archive', 'this is no image archive: it has neither index.json nor manifest.json', {
      hint: 'mica save, docker save, podman save and skopeo make them; a root file system goes through mica import',
    });
  return [...images.values()];
}

function ociImage(arrival: Arrival, item: Descriptor, platform: Platform): CatalogImage {
  const names = namesOf(item);
  if (!isIndexType(item.mediaType)) return { ...manifestImage(arrival, item.digest), names };
  const index = parseIndex(need(arrival, item.digest, 'index'));
  const others = indexBlobs(arrival, index);
  const present = index.manifests.filter(
    (one) => isManifestType(one.mediaType) && arrival.json(one.digest) !== null && isImage(arrival, one.digest),
  );
  const chosen = choosePlatform(present, platform) ?? present[0];
  if (chosen === undefined)
    throw new MicaError('invalid-archive', `the archive has no image of index ${item.digest}`, {
      subject: item.digest,
    });
  return { ...manifestImage(arrival, chosen.digest), names, index: item.digest, others };
}

function manifestImage(arrival: Arrival, digest: Digest): CatalogImage {
  const manifest = parseManifest(need(arrival, digest, 'manifest'));
  if (!isConfigType(manifest.config.mediaType))
    throw new MicaError('not-supported', `${digest} is an artifact (${artifactType(manifest)}), not an image`, {
      subject: digest,
      hint: 'mica copy carries artifacts between registries and archives',
    });
  const configBytes = need(arrival, manifest.config.digest, 'config');
  checkSize(manifest.config, configBytes.length);
  const config = parseConfig(configBytes);
  const layers = checkLayers(
    config,
    manifest.layers.map((layer) => ({ name: layer.digest, find: () => arrival.layer(layer.digest) })),
  );
  for (const [at, layer] of layers.entries()) checkSize(manifest.layers[at] as Descriptor, layer.size);
  return {
    id: manifest.config.digest,
    configBytes,
    config,
    layers,
    manifest: digest,
    index: null,
    names: [],
    others: [],
  };
}

/** docker's manifest.json (image-spec's forerunner, moby image/spec): config, names and layers by their paths. */
function dockerImages(arrival: Arrival, bytes: Uint8Array, known: ReadonlyMap<Digest, CatalogImage>): CatalogImage[] {
  const items = parseJson(bytes, 'manifest.json', maxConfigBytes);
  if (!Array.isArray(items))
    throw new MicaError('invalid-archive', 'manifest.json is not a list', {
      hint: "of podman's docker-dir and skopeo's dir: make an archive or a layout: --format oci-archive, oci-dir",
    });
  return items.map((item: unknown) => {
    if (!isObject(item) || typeof item.Config !== 'string')
      throw new MicaError('invalid-archive', 'manifest.json: an image has no Config');
    const names = strings(item.RepoTags, 'RepoTags').map(parseNewName);
    const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(item.Config) ?? [];
    const configBytes = hex ? arrival.json(`${algorithm}:${hex}` as Digest) : arrival.document(item.Config);
    if (configBytes === null)
      throw new MicaError('invalid-archive', `the archive lacks ${item.Config}`, { subject: item.Config });
    const id = sha256(configBytes);
    const same = known.get(id) ?? ofIndex(known.values(), id, names);
    if (same) return { ...same, names };
    const config = parseConfig(configBytes);
    const paths = strings(item.Layers, 'Layers');
    const layers = checkLayers(
      config,
      paths.map((path) => ({ name: path, find: () => arrival.layerFile(path) })),
    );
    return { id, configBytes, config, layers, manifest: null, index: null, names, others: [] };
  });
}

/**
 * The image taken of an index that has this one, too, under these very names: manifest.json has room for one platform of
 * it only, that of whoever saved it, and would name that one instead.
 */
function ofIndex(known: Iterable<CatalogImage>, id: Digest, names: readonly Reference[]): CatalogImage | undefined {
  const has = (image: CatalogImage, name: Reference) =>
    image.names.some(({ canonical }) => canonical === name.canonical);
  return [...known].find((image) => image.others.includes(id) && names.every((name) => has(image, name)));
}

/** A descriptor that understates its blob would be a bomb to whoever trusts it (image-spec descriptor.md, `size`). */
function checkSize({ digest, size }: Descriptor, actual: number): void {
  if (size === actual) return;
  throw new MicaError('digest-mismatch', `blob ${digest} has ${actual} bytes, its descriptor says ${size}`, {
    subject: digest,
  });
}

function checkLayers(
  config: ImageConfig,
  layers: readonly { readonly name: string; find(): ArrivedLayer | null }[],
): ArrivedLayer[] {
  const ids = config.rootfs.diff_ids;
  if (ids.length !== layers.length)
    throw new MicaError(
      'invalid-archive',
      `invalid manifest, layers length mismatch: expected ${ids.length}, got ${layers.length}`,
    );
  return layers.map(({ name, find }, i) => {
    const layer = find();
    if (layer === null)
      throw new MicaError('invalid-archive', `the archive lacks layer ${name}`, {
        subject: name,
        hint: 'an archive made with save --since needs the image it was made against: load that one first',
      });
    if (layer.diffId !== ids[i])
      throw new MicaError('digest-mismatch', `layer ${name} is ${layer.diffId}, the config expects ${ids[i]}`, {
        subject: name,
      });
    return layer;
  });
}

/**
 * What an index reaches and the archive brought, so that the whole index can go on to elsewhere. Each of what it reaches
 * once: three small indexes that list each other a thousand times make a thousand million ways.
 */
function indexBlobs(arrival: Arrival, index: ImageIndex, walk = new IndexWalk()): Digest[] {
  return index.manifests.flatMap((item) => {
    const bytes = walk.isNew(item.digest) ? arrival.json(item.digest) : null;
    if (bytes === null) return [];
    if (isIndexType(item.mediaType)) {
      walk.down(item.digest);
      const below = indexBlobs(arrival, parseIndex(bytes), walk);
      walk.up();
      return [item.digest, ...below];
    }
    const { config, layers } = parseManifest(bytes);
    return [item, config, ...layers].map(({ digest }) => digest).filter((digest) => arrival.came(digest));
  });
}

function isImage(arrival: Arrival, manifest: Digest): boolean {
  const { config, layers } = parseManifest(need(arrival, manifest, 'manifest'));
  return isConfigType(config.mediaType) && layers.every((layer) => arrival.came(layer.digest));
}

function artifactType(manifest: Manifest): string {
  return typeof manifest.artifactType === 'string' ? manifest.artifactType : manifest.config.mediaType;
}

/** A bare tag names no repository, so it gives the image no name. */
function namesOf(item: Descriptor): Reference[] {
  const full = item.annotations?.[fullName];
  const short = item.annotations?.[refName];
  if (typeof full === 'string') {
    const reference = parseNewName(full);
    // umoci gives a new tag by ref.name alone and copies the rest: there ref.name is the newer word.
    return [typeof short === 'string' && /^\w[\w.-]*$/.test(short) ? withTag(reference, short) : reference];
  }
  return typeof short === 'string' && /[:/]/.test(short) ? [parseNewName(short)] : [];
}

function need(arrival: Arrival, digest: Digest, what: string): Uint8Array {
  const bytes = arrival.json(digest);
  if (bytes === null)
    throw new MicaError('invalid-archive', `the archive lacks its ${what} ${digest}`, { subject: digest });
  return bytes;
}

function strings(value: unknown, field: string): string[] {
  const list = value ?? [];
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
    throw new MicaError('invalid-archive', `manifest.json: ${field} is not a list of strings`);
  return list;
}
