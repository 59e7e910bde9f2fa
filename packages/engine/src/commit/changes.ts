import { type Core, type EntryTable, Kind } from '@mica/core-wasm';
import type { Lifecycle } from '../container/lifecycle.ts';
import { requireParts } from '../container/parts.ts';
import type { ContainerState } from '../container/record.ts';
import { watchUpper } from '../container/same-upper.ts';
import type { Change } from '../contract/image.ts';
import { resolveImage } from '../images/resolve.ts';
import { chainTable } from '../layer/layers.ts';
import { scanDirectory } from '../layer/scan.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';

/** docker diff: A, C or D for every path in the upper, against the tree of the image's layers. */
export async function containerChanges(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
): Promise<Change[]> {
  requireParts(containers.paths, row, ['upper']);
  const unchanged = watchUpper(containers.context, row);
  const core = newCore();
  const image = resolveImage(store, row.image);
  const lower = await chainTable(store, core, image.config.rootfs.diff_ids);
  const upper = lookAt(core, containers.paths.part(row.id, 'upper'), unchanged);
  const changes: Change[] = [];
  for (let i = 0; i < upper.count; i++) {
    const path = upper.pathBytes(i);
    if (path.length === 0) continue;
    const kind = upper.kind(i) === Kind.whiteout ? 'D' : lower.find(path) >= 0 ? 'C' : 'A';
    changes.push({ kind, path: `/${upper.path(i)}`, pathBytes: path.slice() });
  }
  return changes;
}

function lookAt(core: Core, upper: string, unchanged: () => void): EntryTable {
  try {
    return scanDirectory(core, upper, { overlay: true, toLookAt: true });
  } finally {
    unchanged(); // what a scan says of a folder that was taken away is not why
  }
}
