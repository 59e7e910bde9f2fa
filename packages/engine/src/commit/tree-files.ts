import { closeSync } from 'node:fs';
import { type EntryTable, Kind } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { ensureUnpacked } from '../layer/layers.ts';
import type { Store } from '../store/store.ts';
import { openDirectory } from '../system/beneath.ts';
import type { ImageTree } from '../tree/image-tree.ts';
import type { RootOf } from './packing.ts';

/** Where the files of an image's tree are, for whoever packs some of it. Dispose of it at the end. */
export interface TreeFiles extends Disposable {
  readonly rootOf: RootOf;
  readonly pathOf: (at: number) => Uint8Array;
}

/** For the entries of a table whose entry i is the tree's `sources[i]`: the files in its unpacked layers. */
export async function treeFiles(
  store: Store,
  tree: ImageTree,
  sources: readonly number[],
  task: Task,
): Promise<TreeFiles> {
  const dirs = await ensureUnpacked(store, tree.diffIds, task);
  const left = tree.diffIds.length - dirs.length; // layers at the bottom that a stack has no use for
  const roots = new Map<number, number>();
  const places = sources.map((index) => placeOf(tree, index));
  return {
    rootOf: (at) => {
      const layer = places[at]?.layer as number;
      let fd = roots.get(layer);
      if (fd === undefined) {
        fd = openDirectory(dirs[layer - left] as string);
        roots.set(layer, fd);
      }
      return fd;
    },
    pathOf: (at) => places[at]?.path as Uint8Array,
    [Symbol.dispose]: () => {
      for (const fd of roots.values()) closeSync(fd);
    },
  };
}

/** Which layer holds a file's bytes, and under which name: a hard link's may be another's (tree/image-tree.ts). */
function placeOf({ table, layers }: ImageTree, index: number): { layer: number; path: Uint8Array } | null {
  if (index < 0 || table.kind(index) !== Kind.file) return null;
  const dev = Number(table.dev(index));
  if (dev === 0) return { layer: table.layer(index), path: table.pathBytes(index) };
  const layer = dev - 1;
  return { layer, path: (layers[layer] as EntryTable).pathBytes(Number(table.ino(index)) - 1) };
}
