import type { EntryTable } from '@mica/core-wasm';
import { fileKey } from './entries.ts';

/**
 * Paths of both trees that are one file with other paths than they were: indexes in `b`. Only names that
 * both trees have count: a name that went or came is a change of its own.
 */
export function linkChanges(a: EntryTable, b: EntryTable): number[] {
  const [left, right] = [groups(a), groups(b)];
  if (left.size === 0 && right.size === 0) return [];
  const partners = (own: EntryTable, other: EntryTable, group: readonly number[] | undefined, index: number) =>
    (group ?? [index])
      .map((i) => own.pathBytes(i))
      .filter((path) => other.find(path) >= 0)
      .map((path) => Buffer.from(path).toString('latin1'))
      .join('\0');
  const changed = new Set<number>();
  const compare = (x: number, y: number) => {
    if (partners(a, b, left.get(x), x) !== partners(b, a, right.get(y), y)) changed.add(y);
  };
  for (const x of left.keys()) {
    const y = b.find(a.pathBytes(x));
    if (y >= 0) compare(x, y);
  }
  for (const y of right.keys()) {
    const x = a.find(b.pathBytes(y));
    if (x >= 0) compare(x, y);
  }
  return [...changed];
}

/** Of each entry that is one of several names of a file: all of them, in tree order. */
export function groups(table: EntryTable): Map<number, readonly number[]> {
  const byFile = new Map<string, number[]>();
  for (let i = 0; i < table.count; i++) {
    const key = fileKey(table, i);
    if (key === null) continue;
    const list = byFile.get(key);
    if (list) list.push(i);
    else byFile.set(key, [i]);
  }
  const found = new Map<number, readonly number[]>();
  for (const list of byFile.values()) if (list.length > 1) for (const index of list) found.set(index, list);
  return found;
}
