import type { Digest } from '../reference/digest.ts';
import type { Store } from './store.ts';

/** What an image holds of the store's bytes, and how much of that no other image holds. */
export interface ImageUsage {
  readonly id: Digest;
  readonly shared: number;
  readonly unique: number;
}

/**
 * By blobs on disk: what images share is counted for each as shared, and once in `total`. `reclaimable`
 * is what goes once all images but those of `active` are removed.
 */
export function imageUsage(
  store: Store,
  active: ReadonlySet<string>,
): { readonly images: readonly ImageUsage[]; readonly total: number; readonly reclaimable: number } {
  const rows = store.db.all(
    `SELECT image, digest, size, holders FROM image_blobs JOIN blobs USING (digest)
     JOIN (SELECT digest, count(*) AS holders FROM image_blobs GROUP BY digest) USING (digest)`,
  );
  const images = new Map<Digest, { id: Digest; shared: number; unique: number }>();
  const kept = new Map<string, number>();
  for (const row of rows) {
    const id = row.image as Digest;
    const usage = images.get(id) ?? { id, shared: 0, unique: 0 };
    usage[Number(row.holders) > 1 ? 'shared' : 'unique'] += Number(row.size);
    images.set(id, usage);
    if (active.has(id)) kept.set(String(row.digest), Number(row.size));
  }
  const total = Number(store.db.get('SELECT coalesce(sum(size), 0) AS total FROM blobs')?.total ?? 0);
  const needed = [...kept.values()].reduce((sum, size) => sum + size, 0);
  return { images: [...images.values()], total, reclaimable: total - needed };
}
