import { ChangeBit } from '@mica/core-wasm';
import { comparePaths, type Entry } from './entry.ts';

export interface Change {
  bits: number;
  left: number;
  right: number;
}

/** The diff kernel's merge-join over two sorted arrays of objects. */
export function diff(a: readonly Entry[], b: readonly Entry[], sameLayers = false): Change[] {
  const changes: Change[] = [];
  let left = 0;
  let right = 0;
  while (left < a.length || right < b.length) {
    const x = a[left];
    const y = b[right];
    const order = !x ? 1 : !y ? -1 : comparePaths(x.path, y.path);
    if (order < 0) changes.push({ bits: ChangeBit.deleted, left: left++, right: -1 });
    else if (order > 0) changes.push({ bits: ChangeBit.added, left: -1, right: right++ });
    else {
      const bits = x && y ? compare(x, y, sameLayers) : 0;
      if (bits !== 0) changes.push({ bits, left, right });
      left++;
      right++;
    }
  }
  return changes;
}

function compare(a: Entry, b: Entry, sameLayers: boolean): number {
  if (a.kind !== b.kind) return ChangeBit.kind;
  let bits = 0;
  if (a.mode !== b.mode) bits |= ChangeBit.mode;
  if (a.uid !== b.uid || a.gid !== b.gid) bits |= ChangeBit.owner;
  if (a.mtimeSec !== b.mtimeSec || a.mtimeNsec !== b.mtimeNsec) bits |= ChangeBit.mtime;
  if (a.link !== b.link) bits |= ChangeBit.link;
  if (!sameXattrs(a.xattrs, b.xattrs)) bits |= ChangeBit.xattr;
  if (a.kind === 'file') {
    if (a.size !== b.size) bits |= ChangeBit.size;
    else if (a.size !== 0 && !(sameLayers && a.layer === b.layer && a.dataOffset === b.dataOffset))
      bits |= ChangeBit.content;
  } else if (a.kind === 'char' || a.kind === 'block') {
    if (a.devMajor !== b.devMajor || a.devMinor !== b.devMinor) bits |= ChangeBit.device;
  }
  return bits;
}

function sameXattrs(a: Entry['xattrs'], b: Entry['xattrs']): boolean {
  if (!a || !b) return a === b;
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
