import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerSummary } from '../contract/container.ts';
import { resolveImage } from '../images/resolve.ts';
import type { Store } from '../store/store.ts';
import { imageUsage } from '../store/usage.ts';
import { diskUsage } from '../volume/usage.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Sizes in bytes on disk. `reclaimable` is what prune (or rm and rmi of the unused) would give back. */
export interface UsageTotal {
  readonly count: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}
export interface SystemUsage {
  readonly images: UsageTotal & {
    readonly items: readonly { readonly id: string; readonly shared: number; readonly unique: number }[];
  };
  readonly containers: UsageTotal & { readonly items: readonly ContainerSummary[] };
  readonly volumes: UsageTotal & { readonly items: readonly { readonly name: string; readonly size: number }[] };
  /** The cache of unpacked layers: rebuilt from the blobs at need. */
  readonly layers: UsageTotal;
}

export function systemUsage(store: Store, containers: Lifecycle): SystemUsage {
  const all = containers.list(true, true);
  const used = new Set(all.map(({ imageId }) => imageId));
  const blobs = imageUsage(store, used);
  const sizeOf = (rows: readonly ContainerSummary[]) => rows.reduce((sum, row) => sum + (row.sizeRw ?? 0), 0);
  const idle = all.filter(({ status }) => status !== 'running' && status !== 'paused');
  return {
    images: {
      count: blobs.images.length,
      active: blobs.images.filter(({ id }) => used.has(id)).length,
      size: blobs.total,
      reclaimable: blobs.reclaimable,
      items: blobs.images,
    },
    containers: {
      count: all.length,
      active: all.length - idle.length,
      size: sizeOf(all),
      reclaimable: sizeOf(idle),
      items: all,
    },
    volumes: volumeUsage(containers),
    layers: layerUsage(store, used),
  };
}

function layerUsage(store: Store, usedImages: ReadonlySet<string>): UsageTotal {
  const needed = new Set(
    [...usedImages].flatMap((id) => resolveImage(store, id).config.rootfs.diff_ids).map((diffId) => diffId.slice(7)),
  );
  let names: string[] = [];
  try {
    names = readdirSync(store.layersDir).filter((name) => /^[0-9a-f]{64}$/.test(name));
  } catch {
    // no layer was ever unpacked
  }
  const total = { count: names.length, active: 0, size: 0, reclaimable: 0 };
  for (const name of names) {
    const size = diskUsage(join(store.layersDir, name));
    total.size += size;
    if (needed.has(name)) total.active++;
    else total.reclaimable += size;
  }
  return total;
}

function volumeUsage(containers: Lifecycle): SystemUsage['volumes'] {
  const volumes = containers.context.volumes.list();
  const items = volumes.map(({ name, mountpoint }) => ({ name, size: diskUsage(mountpoint) }));
  const free = new Set(volumes.filter((volume) => volume.containers.length === 0).map(({ name }) => name));
  const sum = (counted: typeof items) => counted.reduce((total, { size }) => total + size, 0);
  return {
    count: volumes.length,
    active: volumes.length - free.size,
    size: sum(items),
    reclaimable: sum(items.filter(({ name }) => free.has(name))),
    items,
  };
}
