import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import { chainIds } from '../image/chain-id.ts';
import { type ImageConfig, parseConfig } from '../image/config.ts';
import { type Manifest, parseManifest } from '../image/manifest.ts';
import { type Digest, isDigest } from '../reference/digest.ts';
import { parseReference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';

/** An image read and checked: its documents, and its layers by diff ID, base first. */
export interface ResolvedImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly manifest: Manifest;
  readonly size: number;
}

/** By name, ID, or a prefix of the ID. @throws MicaError no-such-image, ambiguous */
export function resolveImage(store: Store, name: string): ResolvedImage {
  const id = findImage(store, name);
  const record = store.images.get(id);
  if (record === null) throw noSuchImage(name);
  return {
    id,
    config: parseConfig(store.blobs.read(id)),
    manifest: parseManifest(store.blobs.read(record.manifest)),
    size: record.size,
  };
}

/** Its layers' diff IDs; none where it is damaged, which can be removed, too. */
export function chainOf(store: Store, id: Digest): readonly Digest[] {
  try {
    return resolveImage(store, id).config.rootfs.diff_ids;
  } catch (error) {
    if (error instanceof MicaError) return [];
    throw error;
  }
}

/** What is unpacked for its containers, by its own layers and by those placed for its chain; null where it is damaged. */
export function standsOn(store: Store, id: Digest): readonly Digest[] | null {
  try {
    const chain = parseConfig(store.blobs.read(id)).rootfs.diff_ids;
    return [...chain, ...chainIds(chain)];
  } catch (error) {
    if (error instanceof MicaError) return null;
    throw error;
  }
}

/** Its ID, without a look at its documents. @throws MicaError no-such-image, ambiguous */
export function findImage(store: Store, name: string): Digest {
  requireText(name, 'image');
  if (isDigest(name) && store.images.get(name) !== null) return name;
  const hex = name.startsWith('sha256:') ? name.slice(7) : name;
  const isHex = /^[0-9a-f]{1,64}$/.test(hex);
  // A 64-digit name can only be an ID; anything shorter is a name first, as docker has it.
  if (!isHex || hex.length < 64) {
    const named = lookup(store, name);
    if (named) return named;
  }
  // A damaged store may call one what is no digest: by that it can be removed.
  if (!isHex && store.images.get(name as Digest) !== null) return name as Digest;
  if (!isHex) throw noSuchImage(name);
  const found = store.images.byPrefix(hex);
  if (found.length > 1)
    throw new MicaError('ambiguous', `ambiguous image ID prefix: ${name}`, {
      subject: name,
      hint: 'give more digits of the ID',
    });
  if (found[0] === undefined) throw noSuchImage(name);
  return found[0].id;
}

function lookup(store: Store, name: string): Digest | null {
  const named = canonicalOf(name);
  return named === null ? null : store.images.lookup(named);
}

/** The manifest or index that this name came with; null for an ID, and when it is the image's own. */
export function targetOf(store: Store, name: string): Digest | null {
  const named = canonicalOf(name);
  return named === null ? null : store.images.target(named);
}

/** The name as the store keeps it, null for what can only be an ID. A tag beside a digest adds nothing to it. */
export function canonicalOf(name: string): string | null {
  requireText(name, 'image');
  if (/^sha(256|512):/.test(name) || /^[0-9a-f]{64}$/.test(name)) return null;
  return parseReference(name).canonical.replace(/:[^:/@]+@/, '@');
}

export function noSuchImage(name: string): MicaError {
  return new MicaError('no-such-image', `No such image: ${name}`, {
    subject: name,
    hint: 'mica images lists them; mica pull, mica load and mica import bring new ones',
  });
}
