import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MicaError, wrapSystemError } from '../error.ts';
import { digester } from '../hash/digester.ts';
import { type Descriptor, mediaTypes } from '../image/descriptor.ts';
import { type Compressor, compressFile, recipeOf } from '../layer/compress.ts';
import { algorithmOf, type Digest, shortId } from '../reference/digest.ts';
import type { LayerForm } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';

/**
 * A plain layer of the store's compressed into `file`, which must not be there and is the caller's to remove; what
 * it became. @throws MicaError store-damaged where the plain one is not what it should be, no-space
 */
export async function compressLayer(
  store: Store,
  layer: Descriptor,
  diffId: Digest,
  { compressor, file, signal }: { compressor: Compressor; file: string; signal: AbortSignal },
): Promise<LayerForm> {
  signal.throwIfAborted();
  const plain = digester(algorithmOf(layer.digest));
  const packed = digester();
  let size = 0;
  const path = store.blobs.path(layer.digest);
  async function* counted() {
    for await (const piece of compressFile(path, compressor, (bytes) => plain.update(bytes))) {
      packed.update(piece);
      size += piece.length;
      yield piece;
    }
  }
  try {
    await pipeline(Readable.from(counted(), { objectMode: false }), createWriteStream(file, { flags: 'wx' }), {
      signal,
    });
  } catch (error) {
    throw wrapSystemError(error, 'compress', `layer ${shortId(diffId)}`);
  }
  const actual = plain.digest();
  if (actual !== layer.digest)
    throw new MicaError('store-damaged', `layer ${layer.digest} does not match its digest: it is ${actual}`, {
      subject: layer.digest,
    });
  const docker = layer.mediaType === mediaTypes.dockerLayer;
  const gzipType = docker ? mediaTypes.dockerLayerGzip : mediaTypes.layerGzip;
  const mediaType = compressor.compression === 'gzip' ? gzipType : mediaTypes.layerZstd;
  return {
    diffId,
    digest: packed.digest(),
    mediaType,
    size,
    tarSize: layer.size,
    recipe: recipeOf(compressor),
  };
}
