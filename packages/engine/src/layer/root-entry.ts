import { existsSync, readFileSync } from 'node:fs';
import { EntryTable } from '@mica/core-wasm';

/**
 * The root's own entry in the topmost of these table files, bottom first, that has one; null when none
 * has, as in images that docker built. Overlay takes the root's mode, owner and times from the uppermost
 * directory alone.
 */
export function rootEntry(tableFiles: readonly string[]): { table: EntryTable; index: number } | null {
  for (const file of tableFiles.toReversed()) {
    if (!existsSync(file)) continue;
    const table = EntryTable.from(new Uint8Array(readFileSync(file)));
    if (table.count > 0 && table.pathBytes(0).length === 0) return { table, index: 0 };
  }
  return null;
}

/** Whether entry 0 of `upper`, its root, is as an upper's is made over these layers (container/rootfs.ts). */
export function isFirstRoot(upper: EntryTable, tableFiles: readonly string[]): boolean {
  const found = rootEntry(tableFiles);
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
