import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ContainerContext } from '../container/context.ts';
import type { ContainerState } from '../container/record.ts';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { digester } from '../hash/digester.ts';
import { resolveImage } from '../images/resolve.ts';
import { compressionOf, decoderOf } from '../layer/decoder.ts';
import { unpackedDir } from '../layer/unpacked.ts';
import { algorithmOf, type Digest, digestMismatch, shortId } from '../reference/digest.ts';
import { brokenFolders } from '../store/folders.ts';
import type { LayerRecord } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';
import { containerProblem } from './check-containers.ts';
import { differingContent } from './check-content.ts';
import { differingPath } from './check-unpacked.ts';

export interface CheckOptions extends Task {
  /** Also what the files of unpacked layers hold. */
  readonly deep?: boolean;
}
export interface CheckReport {
  readonly blobs: number;
  readonly layers: number;
  readonly images: number;
  readonly bytes: number;
  /** One line each; none: everything is whole. */
  readonly problems: readonly string[];
}

/**
 * Reads everything that the store calls its own and compares: the database's own structure, every blob
 * with its digest, every compressed layer with its diff ID, every unpacked one with the names it holds (`deep`: and with
 * all of what is in its blob), every image with the blobs it names; of volumes and containers, that they are there. Changes nothing.
 */
export async function checkStore(context: ContainerContext, task: CheckOptions = {}): Promise<CheckReport> {
  const { store } = context;
  const problems: string[] = store.db.integrity().map((line) => `mica.db: ${line}`);
  const broken = brokenFolders(store.root, [context.paths.run]);
  for (const { message } of broken) problems.push(message);
  /** What else can be read of a damaged database is looked at all the same. */
  const listed = <T>(what: string, list: () => readonly T[]): readonly T[] => {
    try {
      return list();
    } catch (error) {
      if (isClosed(error)) throw error;
      problems.push(`mica.db: its ${what} cannot be read`);
      return [];
    }
  };
  /** Blobs and layers that nothing can be held against. */
  const damaged = new Set<Digest>();
  const attempt = async (about: string, work: () => unknown, what?: Digest) => {
    task.signal?.throwIfAborted();
    try {
      await work();
    } catch (error) {
      if (what !== undefined) damaged.add(what);
      task.signal?.throwIfAborted();
      if (isClosed(error)) throw error;
      problems.push(`${about}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const blobs = listed('blobs', () => store.blobs.all());
  const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  for (const { digest, size } of blobs) {
    await attempt(`blob ${shortId(digest)}`, () => checkBlob(store, digest, task.signal), digest);
    bytes += size;
    task.onProgress?.({ stage: 'read', subject: shortId(digest), bytes, totalBytes });
  }
  const layers = listed('layers', () => store.layers.all());
  for (const layer of layers)
    await attempt(`layer ${shortId(layer.diffId)}`, () => checkLayer(store, layer, task.signal), layer.diffId);
  for (const { diffId, digest } of layers)
    await attempt(`unpacked layer ${shortId(diffId)}`, async () => {
      const whole = !damaged.has(diffId) && !damaged.has(digest);
      const path =
        (await differingPath(store, diffId, task.signal)) ??
        (task.deep && whole ? await differingContent(store, diffId, task) : null);
      const dir = unpackedDir(store.layersDir, diffId);
      if (path !== null)
        throw new Error(`${path} is not as in the layer; once no container runs remove ${dir}: it is made anew`);
    });
  const images = listed('images', () => store.images.all());
  for (const image of images)
    await attempt(`image ${shortId(image.id)}`, () => {
      const { config } = resolveImage(store, image.id);
      for (const diffId of config.rootfs.diff_ids)
        if (store.layers.get(diffId) === null) throw new Error(`its layer ${diffId} is not in the store`);
      for (const digest of store.images.blobs(image.id))
        if (store.blobs.info(digest) === null) throw new Error(`its blob ${digest} is not in the store`);
    });
  const containersApart = broken.some(({ subject }) => subject === store.containersDir);
  for (const row of listed('containers', () => store.containers.list<ContainerState>())) {
    const problem = containersApart && !row.isDamaged ? null : containerProblem(context, row);
    if (problem !== null) problems.push(problem);
  }
  if (!broken.some(({ subject }) => subject === store.volumesDir))
    for (const { name } of listed('volumes', () => store.volumes.list()))
      if (!existsSync(join(store.volumesDir, name)))
        problems.push(`volume ${name}: what was in it is lost, and the next container that uses it finds it empty`);
  const lost = () => store.images.allReferences().filter(({ image }) => store.images.get(image) === null);
  for (const { name, image } of listed('references', lost))
    problems.push(`reference ${name}: its image ${image} is not in the store`);
  return { blobs: blobs.length, layers: layers.length, images: images.length, bytes, problems };
}

/** By the caller, in the middle of the check: that says nothing of the store. */
function isClosed(error: unknown): boolean {
  return error instanceof MicaError && error.code === 'closed';
}

/** As {@link BlobStore.verify} does, but other work and a stop come through: a blob may be gigabytes. */
async function checkBlob(store: Store, digest: Digest, signal?: AbortSignal): Promise<void> {
  const hash = digester(algorithmOf(digest));
  for await (const chunk of store.blobs.open(digest)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  const actual = hash.digest();
  if (actual !== digest) throw digestMismatch('blob', digest, actual);
}

/** A plain layer's blob is its tar, and verified as such; a compressed one is read once more. */
async function checkLayer(store: Store, layer: LayerRecord, signal?: AbortSignal): Promise<void> {
  if (layer.digest === layer.diffId) {
    store.blobs.size(layer.digest);
    return;
  }
  const decoder = decoderOf(compressionOf(layer.mediaType)) ?? new PassThrough();
  const hash = digester();
  await pipeline(
    store.blobs.open(layer.digest),
    decoder,
    async (plain: AsyncIterable<Buffer>) => {
      for await (const chunk of plain) hash.update(chunk);
    },
    signal ? { signal } : {},
  );
  const actual = hash.digest();
  if (actual !== layer.diffId) throw new Error(`unpacks to ${actual}`);
}
