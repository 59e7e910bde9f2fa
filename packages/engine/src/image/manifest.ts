import { MicaError } from '../error.ts';
import { parseDigest } from '../reference/digest.ts';
import { type Descriptor, isIndexType, type Platform } from './descriptor.ts';
import { isObject, type JsonObject, maxManifestBytes, parseJsonObject } from './json.ts';

/** image-spec manifest.md, or docker's schema 2. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}
/** image-spec image-index.md, or docker's manifest list. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}
const maxLayers = 4096;

/** @throws MicaError invalid-format, limit-exceeded */
export function parseManifest(bytes: Uint8Array): Manifest {
  const raw = parseJsonObject(bytes, 'image manifest', maxManifestBytes);
  if (isIndex(raw) || !isObject(raw.config)) throw invalid('image manifest', 'it has no config');
  return {
    ...raw,
    schemaVersion: version(raw, 'image manifest'),
    config: descriptor(raw.config, 'image manifest'),
    layers: descriptors(raw.layers, 'image manifest'),
  };
}

/** @throws MicaError invalid-format, limit-exceeded */
export function parseIndex(bytes: Uint8Array): ImageIndex {
  const raw = parseJsonObject(bytes, 'image index', maxManifestBytes);
  return {
    ...raw,
    schemaVersion: version(raw, 'image index'),
    manifests: descriptors(raw.manifests, 'image index'),
  };
}

/** Whether these bytes are an index rather than a manifest; the media type wins, else the fields tell. */
export function isIndex(raw: JsonObject): boolean {
  if (typeof raw.mediaType === 'string' && raw.mediaType !== '') return isIndexType(raw.mediaType);
  return Array.isArray(raw.manifests) && raw.config === undefined;
}

function version(raw: JsonObject, what: string): 2 {
  if (raw.schemaVersion !== 2)
    throw invalid(what, `schemaVersion ${String(raw.schemaVersion)} is not supported, only 2 is`);
  return 2;
}

function descriptors(value: unknown, what: string): Descriptor[] {
  const list = value ?? [];
  if (!Array.isArray(list)) throw invalid(what, 'its descriptors are not a list');
  if (list.length > maxLayers)
    throw new MicaError('limit-exceeded', `${what} lists more than ${maxLayers} descriptors`);
  return list.map((item) => descriptor(item, what));
}

function descriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value)) throw invalid(what, 'a descriptor is not an object');
  const size = value.size;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(what, 'a descriptor has no size');
  const { platform, ...rest } = value;
  if (!isObject(platform ?? {})) throw invalid(what, 'a platform is not an object');
  return {
    ...rest,
    mediaType: typeof value.mediaType === 'string' ? value.mediaType : '',
    digest: parseDigest(value.digest),
    size,
    ...(isObject(platform) ? { platform: platform as Platform } : {}),
  } as Descriptor;
}

function invalid(what: string, why: string): MicaError {
  return new MicaError('invalid-format', `invalid ${what}: ${why}`);
}
