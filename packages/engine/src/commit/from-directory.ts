import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Core, clampTimes, type EntryTable, Kind } from '@mica/core-wasm';
import { requireDirectory } from '../argument.ts';
import type { CommitOptions, CommitResult } from '../contract/commit.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import { mediaTypes } from '../image/descriptor.ts';
import { applyInstructions } from '../image/instructions.ts';
import type { NewLayer } from '../image/new-image.ts';
import { resolveImage } from '../images/resolve.ts';
import { scanSteps } from '../layer/scan.ts';
import { parseNewName } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { tryRemove } from '../system/remove.ts';
import { adoptOwners } from '../tree/adopt-owners.ts';
import { type DirectoryDiff, diffDirectory, unreadable } from '../tree/directory-diff.ts';
import { chainTree, type ImageTree, resolveScan } from '../tree/image-tree.ts';
import { groups } from '../tree/link-groups.ts';
import { adoptLayer } from './adopt-layer.ts';
import { breathing } from './breather.ts';
import { changeLayer } from './change-layer.ts';
import { type HasherWish, streamHasher } from './hasher.ts';
import { putImage } from './put-image.ts';
import { requireTimestamp } from './whole.ts';
import { BESIDE_FROM, writeLayer } from './write-layer.ts';

export interface DirectoryCommitOptions extends Omit<CommitOptions, 'pause' | 'incremental' | 'full'> {
  /** Take equal size and time for equal bytes. */
  readonly trustMtime?: boolean;
  readonly hasher?: HasherWish;
}

/**
 * Commits what a plain directory differs from an image by: union of the image's tables, scan, diff,
 * pack, hash, tag. No container, no mount, no root: what a place that allows none of them can do.
 */
export async function commitDirectory(
  store: Store,
  dir: string,
  name: string,
  target: string | undefined,
  options: DirectoryCommitOptions = {},
): Promise<CommitResult> {
  requireDirectory(dir);
  requireTimestamp(options.timestamp);
  const reference = target === undefined ? null : parseNewName(target);
  const root = directory(dir);
  const image = resolveImage(store, name);
  const run = applyInstructions(image.config.config ?? {}, options.changes ?? []);
  const config = Object.keys(run).length === 0 ? image.config : { ...image.config, config: run };
  const core = newCore();
  const tree = await chainTree(store, core, image.config.rootfs.diff_ids, options);
  const privileged = process.geteuid?.() === 0;
  const scan = await scanTree(core, root, privileged ? null : tree.table, options);
  const diff = await diffDirectory(store, core, tree, root, scan, { ...options, withoutDevices: !privileged });
  using _ = store.operation();
  const file = store.blobs.temporary();
  try {
    const isSame = diff.entries.length + diff.gone.length === 0;
    const layer = isSame
      ? null
      : await makeLayer(store, core, layerTable(core, tree, scan, diff, options.timestamp), root, file, options);
    const layers = image.manifest.layers.map(
      ({ digest, size, mediaType }, at): NewLayer => ({
        diffId: image.config.rootfs.diff_ids[at] ?? digest,
        digest,
        size,
        mediaType,
      }),
    );
    const { id, size } = image;
    const on = { config, layers, size, parent: id, onto: id, createdBy: 'mica commit --from' };
    const imageId = store.transaction(() =>
      putImage(store, on, layer && adoptLayer(store, file, layer), options, reference),
    );
    return {
      imageId,
      layer: layer && { diffId: layer.diffId, size: layer.size, entries: layer.entries },
      references: reference ? [reference.familiar] : [],
      frozenMs: 0,
    };
  } finally {
    tryRemove(file);
  }
}

function directory(dir: string): string {
  const root = resolve(dir);
  let stat: ReturnType<typeof lstatSync>;
  try {
    stat = lstatSync(root);
  } catch (error) {
    throw wrapSystemError(error, 'read', dir);
  }
  if (stat.isDirectory()) return root;
  throw new MicaError('invalid-argument', `${dir} is not a directory`, {
    subject: dir,
    hint: 'give the directory that mica unpack made, or any other tree',
  });
}

/** The directory's table; `image` is given where owners are to be taken from it, for lack of root. */
async function scanTree(
  core: Core,
  root: string,
  image: EntryTable | null,
  options: DirectoryCommitOptions,
): Promise<EntryTable> {
  try {
    const scanned = await breathing(scanSteps(core, root, options.signal ? { signal: options.signal } : {}));
    return resolveScan(image === null ? scanned : adoptOwners(core, scanned, image));
  } catch (error) {
    const cause = error instanceof MicaError ? error.cause : error;
    const found = (cause as NodeJS.ErrnoException | undefined)?.path ?? root;
    // The scan names what is in a directory by the open directory's number: its name is what it can tell.
    const path = found.replace(/^\/proc\/self\/fd\/\d+/, `${root}/…`);
    throw error instanceof MicaError && error.code === 'permission-denied' ? unreadable(cause, path) : error;
  }
}

/** The changes as a layer: every entry as the directory has it, a whiteout for what is gone. */
function layerTable(
  core: Core,
  tree: ImageTree,
  scan: EntryTable,
  diff: DirectoryDiff,
  latest: number | undefined,
): EntryTable {
  for (const i of diff.entries)
    if (scan.kind(i) === Kind.char && scan.devMajor(i) === 0 && scan.devMinor(i) === 0)
      throw new MicaError('invalid-layer', `/${scan.path(i)}: a character device 0:0 would read as a deletion`, {
        subject: `/${scan.path(i)}`,
        hint: 'remove it, then commit again',
      });
  const table = changeLayer(core, tree.table, scan, diff, groups(scan));
  return latest === undefined ? table : clampTimes(table, latest);
}

/** Writes the layer to `file`, which is the caller's. */
async function makeLayer(
  store: Store,
  core: Core,
  table: EntryTable,
  root: string,
  file: string,
  options: DirectoryCommitOptions,
): Promise<NewLayer & { entries: number }> {
  const hasher = streamHasher(store, options.hasher ?? 'auto');
  const job = { subject: root, upper: root, file, hasher, besideFrom: BESIDE_FROM };
  const { digest, size } = await writeLayer(core, table, job, options);
  return { diffId: digest, digest, size, mediaType: mediaTypes.layer, entries: table.count };
}
