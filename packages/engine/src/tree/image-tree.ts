import { type Core, type EntryTable, Kind, type LinkTarget, resolveLinks } from '@mica/core-wasm';
import { requireTask } from '../argument.ts';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import { chainTables } from '../layer/layers.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/** What an image shows, without a byte of it unpacked. */
export interface ImageTree {
  /** One entry a path, hard links resolved: names of one file share `dev` and `ino`. `layer` indexes `diffIds`. */
  readonly table: EntryTable;
  readonly diffIds: readonly Digest[];
  /** The layers' own tables, bottom first. */
  readonly layers: readonly EntryTable[];
}

/** @throws MicaError no-such-image, invalid-layer, digest-mismatch */
export function imageTree(store: Store, core: Core, image: string, task: Task = {}): Promise<ImageTree> {
  requireTask(task);
  return chainTree(store, core, resolveImage(store, image).config.rootfs.diff_ids, task);
}

export async function chainTree(
  store: Store,
  core: Core,
  diffIds: readonly Digest[],
  task: Task = {},
): Promise<ImageTree> {
  const layers = await chainTables(store, diffIds, task);
  const union = core.union(layers);
  return { table: resolveLinks(union, linkFinder(core, union, layers)), diffIds, layers };
}

/** Links may lead to links in lower layers; more hops than this is a circle. */
const MAX_HOPS = 64;

/**
 * Finds the file behind a hard link of the union. A link means the file that its own layer, or what
 * lies below that one, has under the name: an upper layer may have put another file there since.
 */
function linkFinder(core: Core, union: EntryTable, layers: readonly EntryTable[]) {
  const below = new Map<number, EntryTable>();
  const treeBelow = (layer: number): EntryTable => {
    let tree = below.get(layer);
    if (tree === undefined) {
      tree = core.union(layers.slice(0, layer));
      below.set(layer, tree);
    }
    return tree;
  };
  return (index: number): LinkTarget => {
    let layer = union.layer(index);
    let path: Uint8Array = union.linkBytes(index);
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      let table = layers[layer] as EntryTable;
      let at = table.find(path);
      // The layer may delete the very name that it links to: it means the file below.
      if ((at < 0 || table.kind(at) === Kind.whiteout) && layer > 0) {
        const tree = treeBelow(layer);
        const lower = tree.find(path);
        if (lower < 0) break;
        layer = tree.layer(lower);
        table = layers[layer] as EntryTable;
        at = table.find(path);
      }
      if (at < 0) break;
      const kind = table.kind(at);
      if (kind === Kind.dir || kind === Kind.whiteout) break;
      if (kind !== Kind.hardlink) return { table, index: at, layer };
      path = table.linkBytes(at);
    }
    const subject = `/${union.path(index)}`;
    throw new MicaError('invalid-layer', `${subject} is a hard link to /${union.link(index)}, which the image lacks`, {
      subject,
    });
  };
}

/** A directory's scan in the same form: each name tells what it is, names of one file share `dev` and `ino`. */
export function resolveScan(table: EntryTable): EntryTable {
  return resolveLinks(table, (index) => {
    const at = table.find(table.linkBytes(index));
    if (at < 0) throw new Error(`the scan's link ${table.path(index)} leads nowhere`);
    return { table, index: at, layer: 0 };
  });
}
