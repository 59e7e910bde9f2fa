import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { type EntryTable, Flag, Kind } from '@mica/core-wasm';
import { layerTable } from '../layer/layers.ts';
import { leans, unpackedDir } from '../layer/unpacked.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/**
 * Whether an unpacked layer, which containers show as it stands there, has what the layer has: every name and no
 * other, of its kind, size, mode and owner. What files hold: {@link differingContent}. The first path that is otherwise, null if
 * none is, or if the layer is not unpacked.
 */
export async function differingPath(store: Store, diffId: Digest, signal?: AbortSignal): Promise<string | null> {
  const dir = unpackedDir(store.layersDir, diffId);
  const found = lstatSync(dir, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isDirectory()) return '/';
  const table = await layerTable(store, diffId, signal ? { signal } : {});
  const mayLack = leans(dir);
  const known = new Set<string>(['']);
  for (let i = 0; i < table.count; i++) {
    const path = Buffer.from(table.pathBytes(i));
    known.add(path.toString('latin1'));
    if (table.flags(i) & Flag.hidden) continue;
    const stat = lstatSync(Buffer.concat([Buffer.from(`${dir}/`), path]), { throwIfNoEntry: false });
    // The other names of a lower layer's file: the stack that it stands in has them.
    if (stat === undefined && mayLack && table.kind(i) === Kind.hardlink) continue;
    if (stat === undefined || !isEntry(table, i, stat)) return `/${table.path(i)}`;
  }
  return unknownIn(Buffer.from(dir), '', known);
}

function isEntry(table: EntryTable, index: number, stat: Stats): boolean {
  const kind = table.kind(index);
  if (kind === Kind.hardlink) return !stat.isDirectory();
  if (kind === Kind.whiteout) return stat.isCharacterDevice() && stat.rdev === 0;
  if (!ofKind[kind]?.(stat)) return false;
  if (kind === Kind.file && stat.size !== table.size(index)) return false;
  const mode = kind === Kind.symlink || (stat.mode & 0o7777) === table.mode(index);
  return mode && stat.uid === table.uid(index) && stat.gid === table.gid(index);
}
const ofKind: Readonly<Record<number, (stat: Stats) => boolean>> = {
  [Kind.file]: (stat) => stat.isFile(),
  [Kind.dir]: (stat) => stat.isDirectory(),
  [Kind.symlink]: (stat) => stat.isSymbolicLink(),
  [Kind.char]: (stat) => stat.isCharacterDevice(),
  [Kind.block]: (stat) => stat.isBlockDevice(),
  [Kind.fifo]: (stat) => stat.isFIFO(),
};

function unknownIn(dir: Buffer, below: string, known: ReadonlySet<string>): string | null {
  for (const entry of readdirSync(dir, { withFileTypes: true, encoding: 'buffer' })) {
    const path = `${below}${entry.name.toString('latin1')}`;
    if (!known.has(path)) return `/${Buffer.from(path, 'latin1')}`;
    if (!entry.isDirectory()) continue;
    const found = unknownIn(Buffer.concat([dir, Buffer.from('/'), entry.name]), `${path}/`, known);
    if (found !== null) return found;
  }
  return null;
}
