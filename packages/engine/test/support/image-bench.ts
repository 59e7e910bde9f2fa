import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { layerTypeOf } from '../../src/image/descriptor.ts';
import { type NewLayer, newImage } from '../../src/image/new-image.ts';
import { storeImage } from '../../src/images/store-image.ts';
import { Engine } from '../../src/index.ts';
import { ensureUnpacked } from '../../src/layer/layers.ts';
import { mountStack } from '../../src/overlay/stack.ts';
import type { Digest } from '../../src/reference/digest.ts';
import { parseReference } from '../../src/reference/reference.ts';
import { Store } from '../../src/store/store.ts';
import { enterPrivateMounts, unmount } from '../../src/system/mount.ts';
import { makeTar, type TarEntry } from './tar.ts';

type Compression = 'none' | 'gzip' | 'zstd';

/** A store of a test's own, and folders beside it. `close` takes all of it away. */
export class ImageBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'mica-tree-'));
  readonly root = join(this.dir, 'store');
  readonly engine = new Engine({ root: this.root });
  readonly #mounts: string[] = [];
  #count = 0;

  /** A path that is not there yet. */
  path(): string {
    return join(this.dir, `p${this.#count++}`);
  }
  folder(): string {
    const path = this.path();
    mkdirSync(path);
    return path;
  }

  import(tar: Uint8Array, reference: string): Promise<string> {
    return this.engine.archives.import(Readable.from([tar]), { reference });
  }
  async importEntries(entries: readonly TarEntry[], reference: string): Promise<string> {
    return this.import(await makeTar(entries), reference);
  }
  importDirectory(dir: string, reference: string): Promise<string> {
    const flags = ['--format=posix', '--xattrs', '--xattrs-include=*', '--numeric-owner'];
    return this.import(execFileSync('tar', ['-c', ...flags, '-C', dir, '.'], { maxBuffer: 1 << 28 }), reference);
  }

  /** An image of these layers' tars, the first at the bottom, each stored as it is or compressed. */
  stack(tars: readonly Uint8Array[], reference: string, compression: Compression = 'none'): Digest[] {
    const blobs = tars.map((tar) => {
      const diffId: Digest = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
      const blob = compression === 'gzip' ? gzipSync(tar) : compression === 'zstd' ? zstdCompressSync(tar) : tar;
      return { diffId, blob, tarSize: tar.length };
    });
    return this.#image(blobs, reference, compression);
  }
  /** An image of one layer that is not compressed by the test in one piece; its diff ID is what the test says. */
  stackBlob(blob: Uint8Array, diffId: Digest, reference: string, compression: Compression): void {
    this.#image([{ diffId, blob, tarSize: blob.length }], reference, compression);
  }

  #image(
    blobs: readonly { readonly diffId: Digest; readonly blob: Uint8Array; readonly tarSize: number }[],
    reference: string,
    compression: Compression,
  ): Digest[] {
    using store = Store.open(this.root);
    const layers = blobs.map(({ diffId, blob, tarSize }): NewLayer => {
      const { digest, size, mediaType } = store.blobs.put(blob, layerTypeOf(compression));
      store.layers.put({ diffId, digest, size, mediaType, tarSize, entries: null });
      return { diffId, digest, size, mediaType };
    });
    const diffIds = layers.map(({ diffId }) => diffId);
    const top = layers.at(-1) as NewLayer;
    const base = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers' as const, diff_ids: diffIds.slice(0, -1) },
      history: layers.slice(0, -1).map((_, at) => ({ author: `author ${at + 1}`, comment: `layer ${at + 1}` })),
    };
    const created = '2026-01-02T03:04:05Z';
    const about = { created, createdBy: 'test', author: `author ${layers.length}`, comment: `layer ${layers.length}` };
    const image = newImage(base, layers.slice(0, -1), top, about);
    storeImage(store, image, { created, size: 0, parent: null, layers: layers.map(({ digest }) => digest) }, [
      parseReference(reference).canonical,
    ]);
    return diffIds;
  }

  /** The stack unpacked and mounted as a container would have it, read-only; {@link close} unmounts. */
  async mount(diffIds: readonly Digest[]): Promise<string> {
    using store = Store.open(this.root);
    const layers = await ensureUnpacked(store, diffIds);
    enterPrivateMounts();
    const target = this.folder();
    mountStack({ lowers: [...layers.toReversed(), this.folder()], target });
    this.#mounts.push(target);
    return target;
  }

  close(): void {
    for (const mount of this.#mounts) unmount(mount);
    this.engine.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
