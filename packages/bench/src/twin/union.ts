import { comparePaths, type Entry, isBelow } from './entry.ts';

interface Cursor {
  entries: readonly Entry[];
  at: number;
  layer: number;
}

/** What hides lower layers: below `path`, entries of layers under `floor` are gone. */
interface Mark {
  path: string;
  floor: number;
}

/** The union kernel's k-way merge of sorted layers, bottom first, over objects; the tree that overlay would show. */
export function union(layers: readonly (readonly Entry[])[]): Entry[] {
  const heap: Cursor[] = layers
    .map((entries, layer) => ({ entries, at: 0, layer }))
    .filter(({ entries }) => entries.length > 0);
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i);
  const marks: Mark[] = [];
  const tree: Entry[] = [];
  while (heap.length > 0) {
    const { path } = current(heap[0] as Cursor);
    while (marks.length > 0 && !isBelow(path, (marks.at(-1) as Mark).path)) marks.pop();
    const floor = marks.at(-1)?.floor ?? 0;
    let hides = floor;
    let closed = false;
    let winner: Entry | undefined;
    let layer = 0;
    do {
      const top = heap[0] as Cursor;
      const entry = current(top);
      if (top.layer >= floor && !closed) {
        const dir = entry.kind === 'dir';
        if (!winner || (dir && winner.implied)) {
          winner = entry;
          layer = top.layer;
        }
        if (!dir) {
          // A directory over something else replaces it, and what lies lower still.
          hides = Math.max(hides, winner === entry ? top.layer : top.layer + 1);
          closed = true;
        } else if (entry.opaque) {
          hides = Math.max(hides, top.layer);
          closed = true;
        }
      }
      advance(heap);
    } while (heap.length > 0 && current(heap[0] as Cursor).path === path);
    if (!winner) continue;
    if (hides > floor) marks.push({ path, floor: hides });
    if (winner.kind !== 'whiteout') tree.push({ ...winner, layer, opaque: false });
  }
  return tree;
}

function current(cursor: Cursor): Entry {
  return cursor.entries[cursor.at] as Entry;
}

/** By path; among equal paths the upper layer first. */
function before(a: Cursor, b: Cursor): boolean {
  const order = comparePaths(current(a).path, current(b).path);
  return order !== 0 ? order < 0 : a.layer > b.layer;
}

function advance(heap: Cursor[]): void {
  const top = heap[0] as Cursor;
  if (++top.at === top.entries.length) {
    const last = heap.pop() as Cursor;
    if (heap.length === 0) return;
    if (last !== top) heap[0] = last;
  }
  sink(heap, 0);
}

function sink(heap: Cursor[], from: number): void {
  const cursor = heap[from] as Cursor;
  let at = from;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Cursor, heap[child] as Cursor)) child++;
    if (!before(heap[child] as Cursor, cursor)) break;
    heap[at] = heap[child] as Cursor;
    at = child;
  }
  heap[at] = cursor;
}
