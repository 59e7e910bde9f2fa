import { type Core, type EntryTable, Kind } from '@mica/core-wasm';
import { groups, linkChanges } from '../tree/link-groups.ts';

/** A layer's table, and for each of its entries the index in the tree that it comes from; -1 for none. */
export interface TreeChange {
  readonly table: EntryTable;
  readonly sources: readonly number[];
}

/**
 * The layer that makes `tree` of `below`, both as images show them (hard links resolved, layers numbered
 * alike): what differs and whiteouts for what is gone, with the directories above them. Empty when
 * nothing differs.
 */
export function treeChange(core: Core, below: EntryTable, tree: EntryTable): TreeChange {
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
  for (const index of [...entries]) addParents(tree, tree.pathBytes(index), entries);
  for (const index of gone) addParents(tree, below.pathBytes(index), entries);

  const table = core.scope(() => {
    const builder = core.tableBuilder();
    for (const i of [...entries].sort((a, b) => a - b)) {
      const first = names.get(i)?.[0] ?? i;
      const kind = first === i ? tree.kind(i) : Kind.hardlink;
      const mtime = tree.mtimeSec(i) * 1_000_000_000n + BigInt(tree.mtimeNsec(i));
      const size = kind === Kind.file ? tree.size(i) : 0;
      builder.add(kind, tree.pathBytes(i), tree.mode(i), tree.uid(i), tree.gid(i), mtime, size);
      if (kind === Kind.hardlink) {
        builder.link(tree.pathBytes(first));
        continue;
      }
      if (kind === Kind.symlink) builder.link(tree.linkBytes(i));
      if (kind === Kind.char || kind === Kind.block) builder.device(tree.devMajor(i), tree.devMinor(i));
      builder.xattrs(tree.xattrs(i));
    }
    for (const i of gone) builder.add(Kind.whiteout, below.pathBytes(i), 0, 0, 0, 0n, 0);
    return builder.finish();
  });
  return { table, sources: Array.from({ length: table.count }, (_, at) => tree.find(table.pathBytes(at))) };
}

function addParents(tree: EntryTable, path: Uint8Array, entries: Set<number>): void {
  for (let end = path.lastIndexOf(0x2f); ; end = path.lastIndexOf(0x2f, end - 1)) {
    const index = tree.find(path.subarray(0, Math.max(end, 0)));
    if (index >= 0) {
      if (entries.has(index) && end > 0) return; // and so are those above it
      entries.add(index);
    }
    if (end <= 0) return;
  }
}

function isBelow(path: Uint8Array, dir: Uint8Array): boolean {
  return (
    path.length > dir.length && path[dir.length] === 0x2f && Buffer.compare(path.subarray(0, dir.length), dir) === 0
  );
}
