import { type EntryTable, Kind } from '@mica/core-wasm';
import type { EntryKind, TreeEntry } from './contract.ts';
import type { ImageTree } from './image-tree.ts';
import { lookUp, type Place } from './look-up.ts';

const kinds: Partial<Record<number, EntryKind>> = {
  [Kind.file]: 'file',
  [Kind.dir]: 'dir',
  [Kind.symlink]: 'symlink',
  [Kind.char]: 'char',
  [Kind.block]: 'block',
  [Kind.fifo]: 'fifo',
};

/** What is in a directory, or with `recursive` all below it; a path that is no directory is itself. */
export function listEntries(
  tree: ImageTree,
  image: string,
  path: string,
  options: { readonly recursive?: boolean } = {},
): TreeEntry[] {
  const { table } = tree;
  const place = lookUp(table, image, path, { follow: true });
  const names = nameCounts(table);
  return [...indexesAt(table, place, options.recursive ?? false)].map((index) => entryAt(table, index, names));
}

/** Indexes of the entries to show for a place: itself, its children, or all below it. */
export function* indexesAt(table: EntryTable, place: Place, recursive: boolean): Generator<number> {
  const isDir = place.index < 0 || table.kind(place.index) === Kind.dir;
  if (!isDir) yield place.index;
  else if (!recursive) yield* table.children(place.index);
  else {
    const end = place.index < 0 ? table.count : table.subtreeEnd(place.index);
    for (let index = place.index + 1; index < end; index++) yield index;
  }
}

/** How many names each file with several has, by {@link fileKey}. */
function nameCounts(table: EntryTable): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < table.count; i++) {
    const key = fileKey(table, i);
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Equal for the names of one file; null for what cannot have two, or has none on record. */
export function fileKey(table: EntryTable, index: number): string | null {
  const ino = table.ino(index);
  return ino === 0n || table.kind(index) === Kind.dir ? null : `${table.dev(index)}:${ino}`;
}

function entryAt(table: EntryTable, index: number, names: ReadonlyMap<string, number>): TreeEntry {
  const kind = kinds[table.kind(index)];
  if (kind === undefined) throw new Error(`entry ${table.path(index)} of a tree has kind ${table.kind(index)}`);
  const key = fileKey(table, index);
  return {
    path: `/${table.path(index)}`,
    pathBytes: table.pathBytes(index),
    kind,
    mode: table.mode(index),
    uid: table.uid(index),
    gid: table.gid(index),
    size: table.size(index),
    mtime: rfc3339(table.mtimeSec(index), table.mtimeNsec(index)),
    ...(kind === 'symlink' ? { target: table.link(index), targetBytes: table.linkBytes(index) } : {}),
    ...(kind === 'char' || kind === 'block' ? { device: [table.devMajor(index), table.devMinor(index)] as const } : {}),
    names: (key === null ? undefined : names.get(key)) ?? 1,
    layer: table.layer(index) + 1,
  };
}

function rfc3339(seconds: bigint, nanos: number): string {
  const date = new Date(Number(seconds) * 1000);
  // Dates end in the year 275760 (ECMA-262): what a hostile tar says beyond that is shown as its number.
  if (Number.isNaN(date.getTime())) return `@${seconds}`;
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return date.toISOString().replace(/\.\d+Z$/, `${fraction}Z`);
}
