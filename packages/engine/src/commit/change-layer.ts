import { type Core, type EntryTable, Kind } from '@mica/core-wasm';

/** What a layer makes of one tree to have another. */
export interface LayerChange {
  /** Of the tree that is to be: what goes into the layer as it stands there, ascending, ancestors included. */
  readonly entries: Iterable<number>;
  /** Of the tree below: what goes away, the topmost only. */
  readonly gone: readonly number[];
}

/**
 * The layer's table: entries of `tree`, a whiteout for what is gone of `below`. `names` are those of files that have
 * several without being hard links in the table (see link-groups.ts): the first becomes the file, the others links to it.
 */
export function changeLayer(
  core: Core,
  below: EntryTable,
  tree: EntryTable,
  change: LayerChange,
  names: ReadonlyMap<number, readonly number[]> = new Map(),
): EntryTable {
  return core.scope(() => {
    const builder = core.tableBuilder();
    for (const i of change.entries) {
      const first = names.get(i)?.[0] ?? i;
      const kind = first === i ? tree.kind(i) : Kind.hardlink;
      const mtime = tree.mtimeSec(i) * 1_000_000_000n + BigInt(tree.mtimeNsec(i));
      const size = kind === Kind.file ? tree.size(i) : 0;
      builder.add(kind, tree.pathBytes(i), tree.mode(i), tree.uid(i), tree.gid(i), mtime, size);
      if (kind === Kind.hardlink) {
        builder.link(first === i ? tree.linkBytes(i) : tree.pathBytes(first));
        continue;
      }
      if (kind === Kind.symlink) builder.link(tree.linkBytes(i));
      if (kind === Kind.char || kind === Kind.block) builder.device(tree.devMajor(i), tree.devMinor(i));
      builder.xattrs(tree.xattrs(i));
    }
    for (const i of change.gone) builder.add(Kind.whiteout, below.pathBytes(i), 0, 0, 0, 0n, 0);
    return builder.finish();
  });
}
