import { closeSync } from 'node:fs';
import type { Core, TablePart } from '@mica/core-wasm';
import { openDirectory } from '../system/beneath.ts';
import type { Last } from './last-table.ts';
import type { LayerJob, LayerTask } from './make-layer.ts';
import { mappedIn } from './mapped-files.ts';
import { packParts } from './pack.ts';
import { OutOfOrder, type ScannedParts } from './scanned-parts.ts';
import { type LayerSource, streamLayer, type WrittenLayer } from './write-layer.ts';
import { type YoungReader, youngFiles } from './young.ts';

/**
 * Whether a layer is to be packed while its upper is scanned, asked of each part that is found: there has to be enough
 * that a second thread would not come too late, and a difference from the last commit, of which else no byte is read.
 */
export function isWorthPacking(
  job: LayerJob,
  last: Last | null,
  scanned: { readonly bytes: number },
): (part: TablePart) => boolean {
  const from = Math.max(1, job.overlapFrom ?? job.besideFrom);
  let differs = last === null;
  return (part) => {
    for (let i = 0; last !== null && !differs && i < part.count; i++) {
      const at = part.first + i;
      differs = at >= last.table.count || !part.isSameFile(i, last.table, at);
    }
    return differs && scanned.bytes >= from;
  };
}

export interface ScannedPacking {
  readonly core: Core;
  readonly reader: YoungReader;
  /** When the scan began, milliseconds since the epoch. */
  readonly began: number;
  readonly mapped: ReadonlySet<string>;
  /** What there is to do once the scan is over, which goes on beside the rest. */
  onScanned(): Promise<void>;
}

/**
 * Packs an upper while the rest of it is scanned, as `writeLayer` does one that was. Null where that cannot be gone on
 * with, since what was found belongs before what was packed: nothing is left of it, and the scan is over.
 */
export async function packScanned(
  scanned: ScannedParts,
  job: LayerJob,
  task: LayerTask,
  { core, reader, began, mapped, onScanned }: ScannedPacking,
): Promise<WrittenLayer | null> {
  const root = openDirectory(job.upper);
  const along = inTreeOrder(mapped);
  let next = 0;
  const look = (part: TablePart) => {
    reader.add(youngFiles(core, part, began), part.first);
    if (next === along.length) return;
    const last = treeKey(Buffer.from(part.pathBytes(part.count - 1)).toString('latin1'));
    const from = next;
    while (next < along.length && treeKey(along[next] as string) <= last) next++;
    reader.add(mappedIn(part, along.slice(from, next)), part.first);
  };
  let beside = Promise.resolve();
  function* parts() {
    yield* scanned.parts(look);
    beside = onScanned();
    beside.catch(() => {}); // heard below
  }
  const source: LayerSource = {
    get bytes() {
      return scanned.bytes;
    },
    get isWhole() {
      return scanned.isOver;
    },
    pack: (next, options) => packParts(scanned.packer, parts(), () => root, next, { ...options, open: scanned.files }),
  };
  try {
    // Enough was found for a thread that hashes, or this would not be.
    const layer = await streamLayer(source, { ...job, besideFrom: 0 }, task, reader.watch());
    await beside;
    return layer;
  } catch (error) {
    if (error instanceof OutOfOrder || (error instanceof Error && error.cause instanceof OutOfOrder)) return null;
    throw error;
  } finally {
    await beside.catch(() => {}); // of two errors the first is told
    closeSync(root);
  }
}

function inTreeOrder(paths: ReadonlySet<string>): string[] {
  return [...paths].sort((a, b) => (treeKey(a) < treeKey(b) ? -1 : 1));
}

/** Of a path whose bytes are a character each: sorted by it, paths are in tree order. */
function treeKey(path: string): string {
  return path.replaceAll('/', '\0');
}
