import type { Store } from '../store/store.ts';
import { syncFileSystem } from '../system/sync.ts';

/** From this many blobs on, one syncfs costs less than an fsync each. */
const MANY = 8;
/** The kernel writes dirty pages back after 30 s (vm.dirty_expire_centisecs): then an fsync has little left to do. */
export const WRITTEN_BACK_MS = 35_000;

/**
 * Brings what is pending to the disk, blobs and database; nothing of it is verified after a crash any
 * more, and no crash can take it. With `olderThan` only what has waited that long, milliseconds: cheap
 * enough for any command to do for those before it. Returns how many blobs were settled.
 */
export function settleStore(store: Store, olderThan = 0): number {
  const due = store.blobs.pending(olderThan);
  const unpacked = store.unpacked.since();
  const stale = unpacked !== null && Date.now() - unpacked >= olderThan;
  if (due.length === 0 && !stale) return 0;
  if (due.length >= MANY || stale) {
    syncFileSystem(store.root);
    if (stale) store.unpacked.settled(unpacked);
    store.blobs.settled(due);
  } else store.blobs.settle(due);
  store.db.flush();
  return due.length;
}
