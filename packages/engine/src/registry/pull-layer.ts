import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MicaError } from '../error.ts';
import { type Descriptor, layerTypeOf } from '../image/descriptor.ts';
import { compressionOf } from '../layer/decoder.ts';
import { LayerReader, type TakenLayer } from '../layer/layer-reader.ts';
import { PooledReader } from '../layer/pooled-reader.ts';
import { Unpacking } from '../layer/unpacking.ts';
import type { Pool } from '../pool/pool.ts';
import { type Digest, hexOf, shortId } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { type DownloadOptions, download } from './download.ts';
import type { Limit } from './limit.ts';
import { PartialBlob } from './partial.ts';
import type { Repository } from './repository.ts';

export interface PulledLayer extends TakenLayer {
  /** The blob that holds it in the store: the asked-for one, or another form of the same layer. */
  readonly digest: Digest;
  readonly size: number;
}

/** The layer, if the store has it already, whatever its compression. */
export function storedLayer(store: Store, digest: Digest, diffId: Digest): PulledLayer | null {
  const asked = store.layers.formOf(digest);
  const form = asked?.diffId === diffId && store.blobs.has(digest) ? asked : store.layers.get(diffId);
  if (form === null || !store.blobs.hold(form.digest)) return null;
  return { ...form, compression: compressionOf(form.mediaType), entries: store.layers.get(diffId)?.entries ?? 0 };
}

export interface PullLayerOptions extends DownloadOptions {
  readonly pool: Pool | null;
  /** Whether the pool's threads have layers enough for each of them. */
  readonly inline: boolean;
  /** Who may download now. */
  readonly downloads: Limit;
  readonly onDownloaded?: () => void;
}

/**
 * Downloads a layer and unpacks it as it comes: socket, hash, disk, decompression, hash, files, each byte
 * once. The blob and the unpacked layer appear when both digests were right; what was cut stays for the
 * next time. Wrong bytes are asked for once more, from the start. @throws MicaError, RegistryFailure
 */
export async function pullLayer(
  store: Store,
  repository: Repository,
  descriptor: Descriptor,
  diffId: Digest,
  options: PullLayerOptions,
): Promise<PulledLayer> {
  for (let again = false; ; again = true) {
    const leave = await options.downloads.enter();
    const partial = PartialBlob.claim(store, descriptor);
    const reader = readerFor(store, diffId, options, partial.path);
    try {
      options.signal?.throwIfAborted();
      await download(repository, partial, descriptor, (chunk) => reader.push(chunk), options);
      // The next one comes in while the rest of this is unpacked.
      leave();
      options.onDownloaded?.();
      const layer = await reader.end();
      const blob = partial.finish(layer instanceof MicaError ? descriptor.mediaType : layerTypeOf(layer.compression));
      if (layer instanceof MicaError || layer.diffId !== diffId) {
        store.blobs.removal.discard([blob.digest]);
        throw wrongLayer(descriptor.digest, layer, diffId);
      }
      return { ...layer, digest: blob.digest, size: blob.size };
    } catch (error) {
      // What has no room is not kept either for a next time that may never come.
      if (lacksRoom(options.signal?.aborted ? options.signal.reason : error)) partial.drop();
      if (
        again ||
        !(error instanceof MicaError) ||
        error.code !== 'digest-mismatch' ||
        error.subject !== descriptor.digest
      )
        throw error;
    } finally {
      leave();
      await reader.abort();
      partial.keep();
    }
  }
}

/** This layer's failure, or that of another one for which all were stopped. */
function lacksRoom(why: unknown): boolean {
  return why instanceof MicaError && (why.code === 'limit-exceeded' || why.code === 'no-space');
}

/** Unpacking needs root; without it, and for a layer that is unpacked already, the tar is only looked at. */
function readerFor(
  store: Store,
  diffId: Digest,
  { pool, inline }: PullLayerOptions,
  path: string,
): LayerReader | PooledReader {
  const { layersDir } = store;
  if (process.getuid?.() !== 0 || existsSync(join(layersDir, hexOf(diffId)))) return new LayerReader();
  return pool
    ? new PooledReader(pool, layersDir, diffId, path, inline)
    : new LayerReader(new Unpacking(layersDir, diffId));
}

function wrongLayer(digest: Digest, layer: TakenLayer | MicaError, diffId: Digest): MicaError {
  if (layer instanceof MicaError)
    return new MicaError(layer.code, `layer ${shortId(digest)} cannot be used: ${layer.message}`, {
      subject: digest,
      cause: layer,
      ...(layer.hint ? { hint: layer.hint } : {}),
    });
  return new MicaError('invalid-layer', `layer ${shortId(digest)} is ${layer.diffId}, the config expects ${diffId}`, {
    subject: digest,
  });
}
