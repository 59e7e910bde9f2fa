import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { hrtime } from 'node:process';
import { Core, type EntryTable, NativeHash } from '@mica/core-wasm';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import type { CommitOptions, CommitResult } from '../contract.ts';
import { wrapSystemError } from '../error.ts';
import { mediaTypes } from '../image/descriptor.ts';
import { type NewLayer, newImage } from '../image/new-image.ts';
import { resolveImage } from '../images/resolve.ts';
import { storeImage } from '../images/store-image.ts';
import { scanDirectory } from '../layer/scan.ts';
import type { Digest } from '../reference/digest.ts';
import { parseReference } from '../reference/reference.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { packLayer } from './pack.ts';

/** Scan, pack, hash, tag: a container's writable layer becomes the topmost layer of a new image. */
export function commitContainer(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  target: string | undefined,
  options: CommitOptions,
): CommitResult {
  const reference = target === undefined ? null : parseReference(target);
  const image = resolveImage(store, row.image);
  const upper = containers.paths.part(row.id, 'upper');
  const running = containers.reconcile(row).status === 'running';

  const { result: layer, frozenMs } = frozen(containers, row, running && options.pause !== false, () => {
    const core = new Core();
    const table = scanDirectory(core, upper, { overlay: true, ...(options.signal ? { signal: options.signal } : {}) });
    return isUnchanged(table) ? null : writeLayer(store, core, table, upper, options);
  });

  const created = new Date(options.timestamp === undefined ? Date.now() : options.timestamp * 1000).toISOString();
  const layers = image.config.rootfs.diff_ids.map((diffId) => known(store, diffId));
  const made = newImage(image.config, layers, layer, {
    created,
    createdBy: row.record.command.join(' '),
    ...(options.author ? { author: options.author } : {}),
    ...(options.message ? { comment: options.message } : {}),
  });
  const size = image.size + (layer?.size ?? 0);
  const digests = [...layers, ...(layer ? [layer] : [])].map(({ digest }) => digest);
  storeImage(store, made, { created, size, parent: image.id, layers: digests }, reference ? [reference.canonical] : []);
  return {
    imageId: made.id,
    layer: layer ? { diffId: layer.diffId, size: layer.size, entries: layer.entries } : null,
    references: reference ? [reference.familiar] : [],
    frozenMs,
  };
}

/** Stops the container's processes only while its files are read; they go on whatever happens here. */
function frozen<T>(
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  freeze: boolean,
  run: () => T,
): { result: T; frozenMs: number } {
  if (!freeze) return { result: run(), frozenMs: 0 };
  enterPrivateMounts();
  const { runtime } = containers;
  runtime.run('pause', row.id); // a freeze that fails is an error: half-written files would be committed
  const start = hrtime.bigint();
  try {
    const result = run();
    return { result, frozenMs: Number(hrtime.bigint() - start) / 1e6 };
  } finally {
    runtime.run('resume', row.id);
  }
}

/** Nothing but the root itself: the container changed nothing. */
function isUnchanged(table: EntryTable): boolean {
  return table.count === 0 || (table.count === 1 && table.path(0) === '');
}

function writeLayer(
  store: Store,
  core: Core,
  table: EntryTable,
  upper: string,
  options: CommitOptions,
): NewLayer & { entries: number } {
  const file = store.blobs.temporary();
  const hasher = new NativeHash().create();
  let size = 0;
  const fd = openSync(file, 'wx', 0o644);
  try {
    const sink = (bytes: Uint8Array) => {
      hasher.update(bytes);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      size += bytes.length;
      options.onProgress?.({ stage: 'pack', subject: upper, bytes: size });
    };
    packLayer(core, table, upper, sink, options.signal ? { signal: options.signal } : {});
  } catch (error) {
    rmSync(file, { force: true });
    throw wrapSystemError(error, 'write', 'the layer');
  } finally {
    closeSync(fd);
  }
  const digest: Digest = `sha256:${Buffer.from(hasher.digest()).toString('hex')}`;
  store.blobs.adopt(file, { digest, size, mediaType: mediaTypes.layer });
  store.layers.put({ diffId: digest, digest, mediaType: mediaTypes.layer, size, tarSize: size, entries: table.count });
  return { diffId: digest, digest, size, mediaType: mediaTypes.layer, entries: table.count };
}

function known(store: Store, diffId: Digest): NewLayer {
  const layer = store.layers.get(diffId);
  if (layer === null) throw new Error(`layer ${diffId} of a resolved image is not in the store`);
  return layer;
}
