import { ChangeBit, type Core, type EntryTable, Kind } from '@mica/core-wasm';
import { addAncestors, isBelow } from '../tree/ancestors.ts';
import { changeLayer } from './change-layer.ts';

/** What `since` finds: a layer's table on top of the last commit's image, nothing at all, or no way to say it. */
export type Since = { readonly kind: 'changed'; readonly table: EntryTable } | { readonly kind: 'same' | 'cannot' };

/**
 * What a container changed since its last commit, as a layer for on top of that commit's image:
 * the difference between the tree that its writable layer showed then and the one it shows now.
 * A file with the inode and change time it had is the file it was, unless it was too young then for
 * that to say anything: `sameBytes` decides on those, by their indexes in both tables.
 *
 * Said with entries and whiteouts only. `cannot`: something of the image itself shows again that was
 * hidden at the last commit (an upper changed from outside); its bytes are not in the upper.
 */
export function since(
  core: Core,
  image: readonly EntryTable[],
  before: EntryTable,
  now: EntryTable,
  sameBytes: (before: number, now: number) => boolean,
): Since {
  // The upper has one number then and another now: `sameLayers` is true of the image's files only.
  using then = core.union([...image, before]);
  using shown = core.union([...image, core.tableBuilder().finish(), now]);
  const upper = image.length + 1;
  const changes = core.diff(then, shown, { sameLayers: true });
  const entries = new Set<number>(); // indexes in `now`
  const gone: number[] = []; // indexes in `then`
  let hidden: Uint8Array | null = null; // a path whose subtree needs no further word
  for (let row = 0; row < changes.count; row++) {
    const left = changes.left(row);
    const right = changes.right(row);
    if (right < 0) {
      const path = then.pathBytes(left);
      if (hidden && isBelow(path, hidden)) continue;
      hidden = path;
      gone.push(left);
      continue;
    }
    if (shown.layer(right) !== upper) return { kind: 'cannot' };
    const index = now.find(shown.pathBytes(right));
    if (changes.change(row) === ChangeBit.content && isSameFile(then, left, shown, right, upper - 1)) {
      if (sameBytes(before.find(then.pathBytes(left)), index)) continue;
    }
    if (shown.kind(right) !== Kind.dir && left >= 0 && then.kind(left) === Kind.dir) hidden = shown.pathBytes(right);
    entries.add(index);
  }
  if (entries.size === 0 && gone.length === 0) return { kind: 'same' };
  withLinks(now, entries);
  for (const index of [...entries]) addAncestors(now, now.pathBytes(index), entries);
  for (const index of gone) addAncestors(now, then.pathBytes(index), entries);
  const table = changeLayer(core, then, now, { entries: [...entries].sort((a, b) => a - b), gone });
  return { kind: 'changed', table };
}

/** Both in the upper, one inode, and not changed since. */
function isSameFile(a: EntryTable, i: number, b: EntryTable, j: number, upper: number): boolean {
  return a.layer(i) === upper && a.ino(i) === b.ino(j) && a.ctimeNs(i) === b.ctimeNs(j);
}

/** A file with several names is written whole or not at all: a name left out would keep the old file. */
function withLinks(table: EntryTable, entries: Set<number>): void {
  const names = new Map<number, number[]>(); // file → its links
  for (let i = 0; i < table.count; i++) {
    if (table.kind(i) !== Kind.hardlink) continue;
    const file = table.find(table.linkBytes(i));
    const links = names.get(file);
    if (links) links.push(i);
    else names.set(file, [i]);
  }
  for (const [file, links] of names)
    if (entries.has(file) || links.some((link) => entries.has(link))) for (const i of [file, ...links]) entries.add(i);
}
