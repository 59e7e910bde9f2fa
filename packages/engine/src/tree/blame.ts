import type { ImageConfig } from '../image/config.ts';
import type { Digest } from '../reference/digest.ts';
import type { BlameRow } from './contract.ts';
import { indexesAt } from './entries.ts';
import type { ImageTree } from './image-tree.ts';
import { layerHistories } from './layer-rows.ts';
import { lookUp } from './look-up.ts';

/** For a path, or all below it: the layer that brought it as it now is, and that layer's commit. */
export function blame(tree: ImageTree, config: ImageConfig, image: string, path: string): BlameRow[] {
  const { table, diffIds } = tree;
  const histories = layerHistories(config);
  const place = lookUp(table, image, path, { follow: false });
  return [...indexesAt(table, place, true)].map((index): BlameRow => {
    const layer = table.layer(index);
    const row = histories[layer];
    return {
      path: `/${table.path(index)}`,
      pathBytes: table.pathBytes(index),
      layer: layer + 1,
      diffId: diffIds[layer] as Digest,
      created: row?.created ?? '',
      createdBy: row?.created_by ?? '',
      author: row?.author ?? '',
      message: row?.comment ?? '',
    };
  });
}
