import type { EntryTable } from '@mica/core-wasm';

/**
 * Adds the directories above `path` to `entries`, as far as the table has them: a layer that says nothing of them
 * would leave their attributes to whoever applies it. Call it for the paths of all `entries` first: it ends at one that is there.
 */
export function addAncestors(table: EntryTable, path: Uint8Array, entries: Set<number>): void {
  for (let end = path.lastIndexOf(0x2f); ; end = path.lastIndexOf(0x2f, end - 1)) {
    const index = table.find(path.subarray(0, Math.max(end, 0)));
    if (index >= 0) {
      if (entries.has(index) && end > 0) return; // and so are those above it
      entries.add(index);
    }
    if (end <= 0) return;
  }
}

/** Whether `path` lies in the directory's subtree, below it. */
export function isBelow(path: Uint8Array, dir: Uint8Array): boolean {
  return (
    path.length > dir.length && path[dir.length] === 0x2f && Buffer.compare(path.subarray(0, dir.length), dir) === 0
  );
}
