import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EntryTable } from '@mica/core-wasm';
import { chainIds } from '../image/chain-id.ts';
import { type Digest, hexOf } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { noteUnpacked } from '../store/unpacked.ts';
import { newCore } from '../system/core.ts';
import { settleOnTree } from './on-chain.ts';
import { placeOnChain } from './place-on-chain.ts';
import { hidesAll, inWorkFolder, leans, place, unpackedDir } from './unpacked.ts';

/** The directories to mount for a chain whose layers are all unpacked, bottom first. */
export async function stackDirs(
  store: Store,
  diffIds: readonly Digest[],
  tableOf: (diffId: Digest) => Promise<EntryTable>,
): Promise<string[]> {
  const own = diffIds.map((diffId) => unpackedDir(store.layersDir, diffId));
  const leaning = own.map(leans);
  const dirs = leaning.includes(true) ? await placeChain(store, diffIds, own, leaning, tableOf) : own;
  // Overlay shows what lies below an opaque root all the same: what it hides stays out of the stack.
  const bottom = own.findLastIndex(hidesAll);
  return bottom > 0 ? dirs.slice(bottom) : dirs;
}

/** For a layer on a stack: its own directory is what that stack shows. */
const SAME = '.same';

/** Where a leaning layer stands as this stack has it; the base's chain ID is its diff ID. */
function placedPath(store: Store, diffIds: readonly Digest[], ids: readonly Digest[], at: number): string {
  const name = at === 0 ? `${hexOf(diffIds[0] as Digest)}.base` : hexOf(ids[at] as Digest);
  return join(store.layersDir, name);
}

/** The same directories, those of leaning layers replaced by ones made for this very stack where it takes that. */
async function placeChain(
  store: Store,
  diffIds: readonly Digest[],
  own: readonly string[],
  leaning: readonly boolean[],
  tableOf: (diffId: Digest) => Promise<EntryTable>,
): Promise<string[]> {
  const ids = chainIds(diffIds);
  // Told once for a stack, remembered by what stands there: a placed directory, or a mark that the layer's own will do.
  const known = own.map((dir, at) => {
    if (!leaning[at]) return dir;
    const placed = placedPath(store, diffIds, ids, at);
    return existsSync(placed) ? placed : existsSync(`${placed}${SAME}`) ? dir : null;
  });
  if (!known.includes(null)) return known as string[];
  const core = newCore();
  const dirs: string[] = [];
  const tables: EntryTable[] = [];
  for (const [at, diffId] of diffIds.entries()) {
    const layer = await tableOf(diffId);
    const below = core.union(tables);
    const settled = leaning[at] ? settleOnTree(core, layer, below) : null;
    tables.push(settled?.table ?? layer);
    const dir = known[at] ?? (own[at] as string);
    dirs.push(dir);
    if (known[at] !== null || settled === null) continue;
    const placed = placedPath(store, diffIds, ids, at);
    if (settled.same) {
      writeFileSync(`${placed}${SAME}`, '');
      continue;
    }
    const lowerFile = (index: number) =>
      Buffer.concat([Buffer.from(`${dirs[below.layer(index)]}/`), below.pathBytes(index)]);
    await inWorkFolder(store.layersDir, async (work) => {
      placeOnChain(work, own[at] as string, layer, settled, below, lowerFile);
      noteUnpacked(store.layersDir);
      place(work, placed);
    });
    dirs[at] = placed;
  }
  return dirs;
}
