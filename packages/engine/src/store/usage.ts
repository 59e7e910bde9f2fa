import type { Digest } from '../reference/digest.ts';
import type { Store } from './store.ts';

/** What an image holds of the store's bytes, and how much of that no other image holds. */
export interface ImageUsage {
  readonly id: Digest;
  readonly shared: number;
  readonly unique: number;
}

/** By blobs on disk: what images share is counted for each as shared, and once in `total`. */
export function imageUsage(store: Store): { readonly images: readonly ImageUsage[]; readonly total: number } {
  const rows = store.db.all(
    `SELECT image_blobs.image AS image, blobs.size AS size,
       (SELECT count(*) FROM image_blobs AS others WHERE others.digest = blobs.digest) AS holders
     FROM image_blobs JOIN blobs ON blobs.digest = image_blobs.digest`,
  );
  const images = new Map<Digest, { id: Digest; shared: number; unique: number }>();
  for (const row of rows) {
    const id = row.image as Digest;
    const usage = images.get(id) ?? { id, shared: 0, unique: 0 };
    usage[Number(row.holders) > 1 ? 'shared' : 'unique'] += Number(row.size);
    images.set(id, usage);
  }
  const total = Number(store.db.get('SELECT coalesce(sum(size), 0) AS total FROM blobs')?.total ?? 0);
  return { images: [...images.values()], total };
}
