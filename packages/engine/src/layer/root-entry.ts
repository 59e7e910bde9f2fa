import { existsSync } from 'node:fs';
import type { EntryTable } from '@mica/core-wasm';
import { readStoredTable } from './stored-table.ts';

export interface RootEntry {
  readonly table: EntryTable;
  readonly index: number;
}

/** The root's own entry in a layer; null in one that has none, as in images that docker built. */
export function rootOf(table: EntryTable): RootEntry | null {
  return table.count > 0 && table.pathBytes(0).length === 0 ? { table, index: 0 } : null;
}

/**
 * The root's own entry in the topmost of these table files, bottom first, that has one; null when none
 * has. Overlay takes the root's mode, owner and times from the uppermost directory alone. Undefined where a damaged
 * one may have it.
 */
function rootEntry(tableFiles: readonly string[]): RootEntry | null | undefined {
  for (const file of tableFiles.toReversed()) {
    if (!existsSync(file)) continue;
    const table = readStoredTable(file);
    if (table === null) return undefined;
    const found = rootOf(table);
    if (found !== null) return found;
  }
  return null;
}

/** Whether entry 0 of `upper`, its root, is as an upper's is made over these layers (container/rootfs.ts). */
export function isFirstRoot(upper: EntryTable, tableFiles: readonly string[]): boolean {
  const found = rootEntry(tableFiles);
  if (found === undefined) return false;
  if (found === null)
    return (
      upper.mode(0) === 0o755 &&
      upper.uid(0) === 0 &&
      upper.gid(0) === 0 &&
      upper.mtimeSec(0) === 0n &&
      upper.mtimeNsec(0) === 0 &&
      !upper.hasXattrs(0)
    );
  const { table, index } = found;
  return (
    upper.mode(0) === table.mode(index) &&
    upper.uid(0) === table.uid(index) &&
    upper.gid(0) === table.gid(index) &&
    upper.mtimeSec(0) === table.mtimeSec(index) &&
    upper.mtimeNsec(0) === table.mtimeNsec(index) &&
    sameXattrs(upper.xattrs(0), table.xattrs(index))
  );
}

type Xattrs = ReturnType<EntryTable['xattrs']>;
function sameXattrs(a: Xattrs, b: Xattrs): boolean {
  const text = (all: Xattrs) => [...all].map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).sort();
  return text(a).join() === text(b).join();
}
