import { RecordView } from './record-view.ts';

/** Records in tree order, so that a path is found by halving and a directory's subtree is one run of indexes. */
export abstract class SortedView extends RecordView {
  abstract readonly count: number;

  /** Index of the entry at this path (no slash at either end), or -1. */
  find(path: string | Uint8Array): number {
    const wanted = typeof path === 'string' ? Buffer.from(path) : path;
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = comparePaths(this.pathBytes(middle), wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** One past the last entry below `index`. */
  subtreeEnd(index: number): number {
    const dir = this.pathBytes(index);
    let low = index + 1;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBelow(this.pathBytes(middle), dir)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Indexes of the entries directly below `index`; -1 stands for a root without an entry of its own. */
  *children(index: number): Generator<number> {
    const end = index < 0 ? this.count : this.subtreeEnd(index);
    for (let child = index + 1; child < end; child = this.subtreeEnd(child)) yield child;
  }
}

/** Tree order. */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (x !== y) return (x === 0x2f ? -1 : x) - (y === 0x2f ? -1 : y);
  }
  return a.length - b.length;
}

function isBelow(path: Uint8Array, dir: Uint8Array): boolean {
  if (path.length <= dir.length) return false;
  if (dir.length === 0) return true;
  if (path[dir.length] !== 0x2f) return false;
  for (let i = dir.length - 1; i >= 0; i--) if (path[i] !== dir[i]) return false;
  return true;
}
