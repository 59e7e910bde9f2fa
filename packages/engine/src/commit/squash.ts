import type { Core } from '@mica/core-wasm';
import type { CommitMeta } from '../contract/commit.ts';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import type { HistoryEntry, ImageConfig } from '../image/config.ts';
import { mediaTypes } from '../image/descriptor.ts';
import type { NewLayer } from '../image/new-image.ts';
import { type ResolvedImage, resolveImage } from '../images/resolve.ts';
import type { Digest } from '../reference/digest.ts';
import { parseNewName } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { tryRemove } from '../system/remove.ts';
import { chainTree, type ImageTree } from '../tree/image-tree.ts';
import { adoptLayer } from './adopt-layer.ts';
import { type HasherWish, streamHasher } from './hasher.ts';
import { layersOf } from './plan.ts';
import { putImage } from './put-image.ts';
import { type LayerOfChange, treeChange } from './tree-change.ts';
import { treeFiles } from './tree-files.ts';
import { requireTimestamp } from './whole.ts';
import { BESIDE_FROM, streamLayer, tableSource } from './write-layer.ts';

export interface SquashOptions extends Omit<CommitMeta, 'changes'>, Task {
  /** Keep the layers of this image, which the squashed one was made from. Otherwise those of its first ancestor. */
  readonly onto?: string;
  /** Keep none: one layer that shows the whole tree. */
  readonly flatten?: boolean;
}

/** The layers above some base made one, of what they show together. The image's ID. */
export async function squashImage(
  store: Store,
  name: string,
  target: string | undefined,
  options: SquashOptions & { readonly hasher: HasherWish },
): Promise<Digest> {
  requireTimestamp(options.timestamp);
  const reference = target === undefined ? null : parseNewName(target);
  const image = resolveImage(store, name);
  const diffIds = image.config.rootfs.diff_ids;
  const keep = options.flatten ? 0 : kept(store, image, options.onto);
  const core = newCore();
  const tree = await chainTree(store, core, diffIds, options);
  const below = await chainTree(store, core, diffIds.slice(0, keep), options);
  const change = treeChange(core, below.table, tree.table);
  const layers = layersOf(store, image).slice(0, keep);
  using _ = store.operation();
  const file = store.blobs.temporary();
  try {
    const layer = change.table.count > 0 ? await writeSquashed(store, core, tree, change, file, options) : null;
    const on = {
      config: shortened(image.config, keep),
      layers,
      size: diffIds.slice(0, keep).reduce((sum, diffId) => sum + (store.layers.get(diffId)?.tarSize ?? 0), 0),
      parent: null,
      onto: keep > 0 ? image.id : null,
      createdBy: `mica ${options.flatten ? 'flatten' : 'squash'}`,
    };
    const described = { ...options, message: options.message ?? `${diffIds.length - keep} layers made one` };
    return store.transaction(() => putImage(store, on, layer && adoptLayer(store, file, layer), described, reference));
  } finally {
    tryRemove(file);
  }
}

/** How many layers stay. */
function kept(store: Store, image: ResolvedImage, onto: string | undefined): number {
  const own = image.config.rootfs.diff_ids;
  const base = onto === undefined ? firstAncestor(store, image.id) : resolveImage(store, onto).config.rootfs.diff_ids;
  if (base.length <= own.length && base.every((diffId, at) => own[at] === diffId)) return base.length;
  if (onto === undefined) return 0;
  throw new MicaError('invalid-argument', `${onto} is not below ${image.id}: their layers differ`, {
    subject: onto,
    hint: 'name an image that this one was made from; mica layers shows the stack',
  });
}

function firstAncestor(store: Store, id: Digest): readonly Digest[] {
  let first: Digest | null = null;
  const seen = new Set<Digest>([id]); // in a damaged store an image may be its own ancestor
  for (let at = store.images.get(id)?.parent ?? null; at !== null && !seen.has(at); ) {
    seen.add(at);
    const ancestor = store.images.get(at);
    if (ancestor !== null) first = at;
    at = ancestor?.parent ?? null;
  }
  return first === null ? [] : resolveImage(store, first).config.rootfs.diff_ids;
}

/** The config with the first `keep` layers only; what came after stays in its history, as rows without a layer. */
function shortened(config: ImageConfig, keep: number): ImageConfig {
  let layer = 0;
  const rows: readonly HistoryEntry[] = config.history ?? config.rootfs.diff_ids.map(() => ({}));
  const history = rows.map((row) => (row.empty_layer || layer++ < keep ? row : { ...row, empty_layer: true }));
  return { ...config, rootfs: { ...config.rootfs, diff_ids: config.rootfs.diff_ids.slice(0, keep) }, history };
}

/** Writes the layer to `file`, which is the caller's. */
async function writeSquashed(
  store: Store,
  core: Core,
  tree: ImageTree,
  change: LayerOfChange,
  file: string,
  options: SquashOptions & { readonly hasher: HasherWish },
): Promise<NewLayer & { entries: number }> {
  using files = await treeFiles(store, tree, change.sources, options);
  const job = { subject: 'squash', file, hasher: streamHasher(store, options.hasher), besideFrom: BESIDE_FROM };
  const { digest, size } = await streamLayer(tableSource(core, change.table, files.rootOf, files.pathOf), job, {
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  });
  return { diffId: digest, digest, size, mediaType: mediaTypes.layer, entries: change.table.count };
}
