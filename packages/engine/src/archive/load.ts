import { constants, createReadStream, fstatSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { LoadedImage, LoadOptions } from '../contract/image.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import { layerTypeOf, mediaTypes } from '../image/descriptor.ts';
import { imageManifest } from '../image/new-image.ts';
import { hostPlatform, parsePlatform } from '../image/platform.ts';
import { imageEvent } from '../images/events.ts';
import { type ReceivedImage, recordImages } from '../images/record-image.ts';
import { parseReference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { Arrival } from './arrival.ts';
import { type CatalogImage, readCatalog } from './catalog.ts';
import { decompress } from './decompress.ts';

/**
 * Takes in the images of an archive: docker's (old and new), an OCI archive, or an OCI layout's directory.
 * All of them, in one transaction, or none and an error. @throws MicaError invalid-archive, digest-mismatch,
 * limit-exceeded, no-space
 */
export async function loadImages(
  store: Store,
  source: Readable | string,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  using _ = store.operation();
  const arrival = new Arrival(store, options.onProgress);
  try {
    if (typeof source !== 'string') await readTar(arrival, source, options.signal);
    else if (lstatSync(source).isDirectory()) await readDirectory(arrival, source, options.signal);
    else await readTar(arrival, createReadStream(source, { highWaterMark: 1 << 20 }), options.signal);
    const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
    const images = readCatalog(arrival, platform);
    const moved = recordImages(
      store,
      images.map((image) => received(store, image)),
      { tell: (id) => imageEvent(store, 'load', id) },
    );
    return images.map((image) => ({
      id: image.id,
      references: image.names.map(({ familiar }) => familiar),
      replaced: moved
        .filter(({ name }) => image.names.some(({ canonical }) => canonical === name))
        .map(({ name, id }) => ({ reference: parseReference(name).familiar, id })),
    }));
  } catch (error) {
    arrival.discard();
    options.signal?.throwIfAborted();
    throw wrapSystemError(error, 'load', typeof source === 'string' ? source : 'the archive');
  }
}

async function readTar(arrival: Arrival, source: Readable, signal?: AbortSignal): Promise<void> {
  const tar = extract();
  const input = await decompress(source, 'load', signal);
  input.on('error', (error) => tar.destroy(error));
  input.pipe(tar);
  let entries = 0;
  try {
    for await (const entry of tar) {
      signal?.throwIfAborted();
      entries++;
      const { name, type, size = 0, linkname } = entry.header;
      const body = entry as unknown as Readable;
      const used = type === 'file' || type === 'contiguous-file' ? await arrival.file(name, size, body) : false;
      // A hard link's target is named from the archive's root, a symlink's from its own folder.
      if (linkname && (type === 'symlink' || type === 'link'))
        arrival.link(name, type === 'link' ? `/${linkname}` : linkname);
      if (!used) entry.resume();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MicaError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw new MicaError('invalid-archive', `the archive cannot be read: ${(error as Error).message}`, {
      hint: 'give an archive of mica save or docker save, plain or compressed with gzip or zstd',
      cause: error,
    });
  } finally {
    input.destroy();
    source.destroy();
  }
  if (entries === 0)
    throw new MicaError('invalid-archive', 'the archive is empty', {
      hint: 'give an archive of mica save or docker save',
    });
}

/** An OCI layout (image-spec image-layout.md). Links are not followed: an archive's directory is not ours. */
async function readDirectory(arrival: Arrival, dir: string, signal?: AbortSignal): Promise<void> {
  const files = readdirSync(dir, { withFileTypes: true, recursive: true });
  for (const file of files) {
    signal?.throwIfAborted();
    const path = join(file.parentPath, file.name);
    const name = path.slice(dir.length);
    if (!file.isFile()) continue;
    // Opened here: a stream that opens by itself, and is not read, meets its error when nobody listens any more.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const body = createReadStream('', { fd, highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
    try {
      await arrival.file(name, fstatSync(fd).size, body);
    } finally {
      body.destroy();
    }
  }
}

/** Puts what the archive did not have as a blob: docker's config file, and a manifest for it. */
function received(store: Store, image: CatalogImage): ReceivedImage {
  store.blobs.put(image.configBytes, mediaTypes.config, image.id);
  const known = store.images.get(image.id);
  const made = () =>
    store.blobs.put(
      imageManifest(
        { digest: image.id, size: image.configBytes.length },
        image.layers.map((layer) => ({ ...layer, mediaType: layerTypeOf(layer.compression) })),
      ),
      mediaTypes.manifest,
    ).digest;
  const manifest = image.manifest ?? known?.manifest ?? made();
  const target = image.index ?? manifest;
  return {
    id: image.id,
    config: image.config,
    manifest,
    layers: image.layers,
    names: image.names.map(({ canonical }) => ({ name: canonical, target })),
    others: [...image.others, ...(image.index ? [image.index] : [])],
  };
}
