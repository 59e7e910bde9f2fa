import { ChangeBit, type Core, type EntryTable, Kind, renumberLayers } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { type Digester, digester } from '../hash/digester.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import type { Difference, TreeChange } from './contract.ts';
import type { ImageTree } from './image-tree.ts';
import { linkChanges } from './link-groups.ts';
import { readFiles } from './read-files.ts';

const differences: readonly (readonly [bit: number, name: Difference])[] = [
  [ChangeBit.kind, 'kind'],
  [ChangeBit.mode, 'mode'],
  [ChangeBit.owner, 'owner'],
  [ChangeBit.mtime, 'mtime'],
  [ChangeBit.size, 'size'],
  [ChangeBit.link, 'target'],
  [ChangeBit.xattr, 'xattrs'],
  [ChangeBit.device, 'device'],
  [ChangeBit.content, 'content'],
];

/**
 * Every path that the two images do not have alike, in tree order: kind, mode, owner, time, bytes, link,
 * device, attributes, and which names are one file. Bytes are read only where nothing else can tell: two
 * files of one size from different places.
 */
export async function diffTrees(
  store: Store,
  core: Core,
  a: ImageTree,
  b: ImageTree,
  task: Task = {},
): Promise<TreeChange[]> {
  const numbers = new Map<string, number>();
  const numbered = (tree: ImageTree): EntryTable =>
    renumberLayers(tree.table, (layer) => {
      const diffId = tree.diffIds[layer] ?? '';
      const known = numbers.get(diffId) ?? numbers.size;
      numbers.set(diffId, known);
      return known;
    });
  const rows = core.diff(numbered(a), numbered(b), { sameLayers: true }).copy(); // others may compare while we read
  const doubtful: [left: number, right: number][] = [];
  for (let row = 0; row < rows.count; row++)
    if (rows.change(row) & ChangeBit.content) doubtful.push([rows.left(row), rows.right(row)]);
  const [left, right] = [
    await digests(store, a, new Set(doubtful.map(([index]) => index)), task),
    await digests(store, b, new Set(doubtful.map(([, index]) => index)), task),
  ];

  const changes = new Map<string, TreeChange>();
  const put = (kind: TreeChange['kind'], table: EntryTable, index: number, differs: Difference[]) => {
    const pathBytes = table.pathBytes(index);
    changes.set(Buffer.from(pathBytes).toString('latin1'), { kind, path: `/${table.path(index)}`, pathBytes, differs });
  };
  for (let row = 0; row < rows.count; row++) {
    let bits = rows.change(row);
    const [x, y] = [rows.left(row), rows.right(row)];
    // The same bytes after all; an empty sparse file has none to read on either side.
    if (bits & ChangeBit.content && left.get(x) === right.get(y)) bits &= ~ChangeBit.content;
    if (bits === ChangeBit.added) put('A', b.table, y, []);
    else if (bits === ChangeBit.deleted) put('D', a.table, x, []);
    else if (bits !== 0)
      put(
        'C',
        b.table,
        y,
        differences.filter(([bit]) => bits & bit).map(([, name]) => name),
      );
  }
  for (const index of linkChanges(a.table, b.table)) {
    const key = Buffer.from(b.table.pathBytes(index)).toString('latin1');
    put('C', b.table, index, [...(changes.get(key)?.differs ?? []), 'hard links']);
  }
  return [...changes.entries()].sort(([x], [y]) => treeOrder(x, y)).map(([, change]) => change);
}

/** SHA-256 of each of these files. Holes count as the zeros that a reader sees. */
async function digests(
  store: Store,
  tree: ImageTree,
  indexes: ReadonlySet<number>,
  task: Task,
): Promise<Map<number, Digest>> {
  const open = new Map<number, { hash: Digester; at: number }>();
  for (const index of indexes) if (tree.table.kind(index) === Kind.file) open.set(index, { hash: digester(), at: 0 });
  for await (const { index, offset, bytes } of readFiles(store, tree, open.keys(), task)) {
    const file = open.get(index) as { hash: Digester; at: number };
    zeros(file.hash, offset - file.at);
    file.hash.update(bytes);
    file.at = offset + bytes.length;
  }
  const found = new Map<number, Digest>();
  for (const [index, file] of open) {
    zeros(file.hash, tree.table.size(index) - file.at);
    found.set(index, file.hash.digest());
  }
  return found;
}

const zeroBlock = Buffer.alloc(1 << 16);
function zeros(hash: Digester, count: number): void {
  for (let left = count; left > 0; left -= zeroBlock.length)
    hash.update(left < zeroBlock.length ? zeroBlock.subarray(0, left) : zeroBlock);
}

/** Path bytes, as latin1, with '/' below every other byte. */
function treeOrder(a: string, b: string): number {
  const [x, y] = [a.replaceAll('/', '\0'), b.replaceAll('/', '\0')];
  return x < y ? -1 : x > y ? 1 : 0;
}
