import { type Core, type EntryTable, Kind } from '@mica/core-wasm';
import { addAncestors, isBelow } from '../tree/ancestors.ts';
import { groups, linkChanges } from '../tree/link-groups.ts';
import { changeLayer } from './change-layer.ts';

/** A layer's table, and for each of its entries the index in the tree that it comes from; -1 for none. */
export interface LayerOfChange {
  readonly table: EntryTable;
  readonly sources: readonly number[];
}

/**
 * The layer that makes `tree` of `below`, both as images show them (hard links resolved, layers numbered
 * alike): what differs and whiteouts for what is gone, with the directories above them. Empty when
 * nothing differs.
 */
export function treeChange(core: Core, below: EntryTable, tree: EntryTable): LayerOfChange {
  const changes = core.diff(below, tree, { sameLayers: true });
  const entries = new Set<number>(linkChanges(below, tree));
  const gone: number[] = [];
  let hidden: Uint8Array | null = null; // what lies below needs no further word
  for (let row = 0; row < changes.count; row++) {
    const left = changes.left(row);
    const right = changes.right(row);
    if (right >= 0) {
      if (tree.kind(right) !== Kind.dir && left >= 0 && below.kind(left) === Kind.dir) hidden = tree.pathBytes(right);
      entries.add(right);
      continue;
    }
    const path = below.pathBytes(left);
    if (hidden && isBelow(path, hidden)) continue;
    hidden = path;
    gone.push(left);
  }
  // A file is written under all of its names: one left out would keep what it was.
  const names = groups(tree);
  for (const index of [...entries]) for (const name of names.get(index) ?? []) entries.add(name);
  for (const index of [...entries]) addAncestors(tree, tree.pathBytes(index), entries);
  for (const index of gone) addAncestors(tree, below.pathBytes(index), entries);
  const table = changeLayer(core, below, tree, { entries: [...entries].sort((a, b) => a - b), gone }, names);
  return { table, sources: Array.from({ length: table.count }, (_, at) => tree.find(table.pathBytes(at))) };
}
