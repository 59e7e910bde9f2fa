import type { Readable } from 'node:stream';
import { KernelError } from '@mica/core-wasm';
import type { ImportOptions } from '../contract/image.ts';
import { MicaError } from '../error.ts';
import { mediaTypes } from '../image/descriptor.ts';
import { applyInstructions } from '../image/instructions.ts';
import { newImage } from '../image/new-image.ts';
import { hostPlatform, parsePlatform } from '../image/platform.ts';
import { imageEvent } from '../images/events.ts';
import { storeImage } from '../images/store-image.ts';
import { checkLayerSize, DiskRoom, outsideLimits } from '../layer/bounds.ts';
import { linkBeforeFile } from '../layer/link-order.ts';
import type { Digest } from '../reference/digest.ts';
import { parseNewName } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { decompress } from './decompress.ts';
import { refusedTar } from './refused-tar.ts';

/**
 * A root file system's tar (plain, gzip or zstd) as an image of one layer, docker import's way. The
 * layer is kept as its plain tar; the tar is scanned as it passes, so what cannot be unpacked is
 * refused here. @throws MicaError invalid-archive, limit-exceeded, no-space
 */
export async function importRootfs(store: Store, source: Readable, options: ImportOptions): Promise<Digest> {
  const reference = options.reference === undefined ? null : parseNewName(options.reference);
  // Both are looked at before the first byte is read: a long import does not end with a spelling mistake.
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const config = applyInstructions({}, options.changes ?? []);
  using _ = store.operation();
  const writer = store.blobs.writer(mediaTypes.layer);
  const scanner = newCore().scanTar(outsideLimits());
  const room = new DiskRoom(store.root);
  try {
    let taken = 0;
    const count = (bytes: number) => {
      taken += bytes;
    };
    for await (const chunk of await decompress(source, 'import -', options.signal, count)) {
      options.signal?.throwIfAborted();
      checkLayerSize(writer.size + chunk.length, taken);
      scanner.push(chunk);
      room.write(chunk.length);
      writer.write(chunk);
      options.onProgress?.({ stage: 'read', subject: 'import', bytes: writer.size, files: scanner.count });
    }
    scanner.end();
    if (writer.size === 0)
      throw new MicaError('invalid-archive', 'the archive is empty', { hint: 'give a tar of a root file system' });
    const early = linkBeforeFile(scanner.entries, scanner.count);
    if (early !== null)
      throw new MicaError('invalid-archive', `import: ${early}`, {
        hint: 'make the tar anew, files before links to them',
      });
    const entries = scanner.table().count;
    // The layer with its image, or one that cannot be recorded would take its room until the next prune.
    return store.transaction(() => {
      const { digest, size } = writer.finish();
      const layer = { diffId: digest, digest, size, mediaType: mediaTypes.layer };
      store.layers.put({ ...layer, tarSize: size, entries });
      const created = new Date().toISOString();
      const base = { ...platform, config, rootfs: { type: 'layers' as const, diff_ids: [] } };
      const made = { created, createdBy: '', comment: options.message ?? 'Imported from -' };
      const image = newImage(base, [], layer, made);
      const about = { created, size, parent: null, layers: [digest] };
      storeImage(store, image, about, reference ? [reference.canonical] : []);
      imageEvent(store, 'import', image.id);
      return image.id;
    });
  } catch (error) {
    if (error instanceof KernelError)
      throw refusedTar('import', error, 'give a tar of a root file system, plain or compressed with gzip or zstd');
    throw error;
  } finally {
    writer.abort();
  }
}
