import { ChangeBit, type Core, type DiffResult, type EntryTable, renumberLayers } from '@mica/core-wasm';
import type { HistoryEntry, ImageConfig } from '../image/config.ts';
import type { Store } from '../store/store.ts';
import type { LayerRow, PathCount } from './contract.ts';
import type { ImageTree } from './image-tree.ts';

const EXAMPLES = 4;

/**
 * The stack, base first: of each layer what it makes of the tree below it. The lower tree and the one
 * with this layer on top are two tables, so the kernel's diff says it exactly: a directory that a layer
 * only lists on the way to a file counts as nothing.
 */
export function layerRows(store: Store, core: Core, config: ImageConfig, tree: ImageTree): LayerRow[] {
  const histories = layerHistories(config);
  let below: EntryTable = core.union([]);
  return tree.layers.map((layer, at): LayerRow => {
    const diffId = tree.diffIds[at] as NonNullable<(typeof tree.diffIds)[number]>;
    const next = core.union([below, layer]);
    const rows = core.diff(below, next, { sameLayers: true });
    const record = store.layers.get(diffId);
    const row = histories[at];
    const made: LayerRow = {
      number: at + 1,
      diffId,
      digest: record?.digest ?? diffId,
      mediaType: record?.mediaType ?? '',
      size: record?.tarSize ?? 0,
      storedSize: record?.size ?? 0,
      entries: layer.count,
      created: row?.created ?? '',
      createdBy: row?.created_by ?? '',
      author: row?.author ?? '',
      message: row?.comment ?? '',
      adds: pathsOf(rows, next, 'right', (bits) => bits === ChangeBit.added),
      changes: pathsOf(rows, next, 'right', (bits) => (bits & (ChangeBit.added | ChangeBit.deleted)) === 0),
      hides: pathsOf(rows, below, 'left', (bits) => bits === ChangeBit.deleted),
    };
    // From here on all of it is "below": one number, so that what the next layer leaves alone compares equal.
    below = renumberLayers(next, () => 0);
    return made;
  });
}

/** The history row of each layer, base first; rows of empty layers speak of none. */
export function layerHistories(config: ImageConfig): (HistoryEntry | undefined)[] {
  const filled = (config.history ?? []).filter((row) => row.empty_layer !== true);
  return config.rootfs.diff_ids.map((_, at) => filled[at]);
}

function pathsOf(
  rows: DiffResult,
  table: EntryTable,
  side: 'left' | 'right',
  wanted: (bits: number) => boolean,
): PathCount {
  const examples: string[] = [];
  let count = 0;
  let top = -1; // one past the subtree of the last example
  for (let row = 0; row < rows.count; row++) {
    if (!wanted(rows.change(row))) continue;
    const index = side === 'left' ? rows.left(row) : rows.right(row);
    if (table.pathBytes(index).length === 0) continue; // the root itself is no news
    count++;
    if (index < top || examples.length === EXAMPLES) continue;
    examples.push(`/${table.path(index)}`);
    top = table.subtreeEnd(index);
  }
  return { count, examples };
}
