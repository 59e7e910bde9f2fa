import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import type { UnpackedNote } from '../store/unpacked.ts';
import { tryFileLock } from '../system/lock.ts';
import { spawnProcess } from '../system/spawn.ts';
import { syncFileSystem } from '../system/sync.ts';

/** From this many blobs on, one syncfs costs less than an fsync each. */
const MANY = 8;
/** The kernel writes dirty pages back after 30 s (vm.dirty_expire_centisecs): then an fsync has little left to do. */
const WRITTEN_BACK_MS = 35_000;
/** A process that was started so lately is still to begin, or at work: no command starts another, which takes it 2 ms. */
const ANNOUNCED_MS = 20_000;
/** So many blobs that wait are not looked at by each command: 300 of them, of a hundred commits on end, take 10 ms. */
const CROWD = 64;
/** Begun at once it would take its 150 ms of a processor from the end of the command that started it: 20 ms of 260. */
const LATER = 'sleep 1; exec "$0" "$@"';

/** What is pending for that long, milliseconds; null when there is nothing. An indexed query and a look at a folder then. */
function due(store: Store, olderThan: number): { blobs: Digest[]; unpacked: UnpackedNote[] } | null {
  const blobs = store.blobs.pending.list(olderThan);
  const unpacked = store.unpacked.list().filter(({ at }) => Date.now() - at >= olderThan);
  return blobs.length + unpacked.length === 0 ? null : { blobs, unpacked };
}

/**
 * Brings what is pending to the disk, blobs and database; nothing of it is verified after a crash any
 * more, and no crash can take it. With `olderThan` only what has waited that long, milliseconds: cheap
 * enough for any command to do for those before it. Returns how many blobs were settled.
 */
export function settleStore(store: Store, olderThan = 0): number {
  const what = due(store, olderThan);
  if (what === null || store.isReadOnly) return 0;
  const { blobs, unpacked } = what;
  if (blobs.length >= MANY || unpacked.length > 0) {
    syncDisks(store.root);
    if (unpacked.length > 0) store.unpacked.settled(unpacked);
    store.blobs.pending.settled(blobs);
  } else store.blobs.pending.settle(blobs);
  store.db.flush();
  return blobs.length;
}

/** Where folders of the store are links, each of their disks. */
function syncDisks(root: string): void {
  const disks = new Map<number, string>();
  for (const folder of ['.', 'blobs', 'blobs/sha256', 'blobs/sha512', 'layers']) {
    const path = join(root, folder);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found) disks.set(found.dev, path);
  }
  for (const path of disks.values()) syncFileSystem(path);
}

/**
 * The same for what the kernel has written back by itself, by a process of its own: a disk that others
 * keep busy holds a sync for seconds, and whoever ran the command would wait for it. It is started only
 * when something is due, does that and ends, one a store (a lock); killed, a later command starts it again.
 */
export function settleBeside(store: Store, self: readonly string[]): void {
  const [program, ...args] = self;
  const inside = program === undefined || process.env.MICA_HELPER === 'off';
  if (!inside && isAnnounced(store)) return;
  if (due(store, WRITTEN_BACK_MS) === null) {
    if (!inside && store.blobs.pending.list().length >= CROWD) announce(store);
    return;
  }
  if (inside) {
    settleStore(store, WRITTEN_BACK_MS);
    return;
  }
  announce(store);
  spawnProcess('/bin/sh', ['-c', LATER, program, ...args, '--root', store.root, 'settle'], {
    detached: true,
    stdio: [null, null, null],
    cwd: '/',
  });
}

/** Its time says when the last such process was started, or a crowd was found to wait for nothing yet. */
function lockOf(store: Store): string {
  return join(store.root, 'settle.lock');
}
function isAnnounced(store: Store): boolean {
  const at = statSync(lockOf(store), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Math.abs(Date.now() - at) < ANNOUNCED_MS;
}
function announce(store: Store): void {
  const now = Date.now() / 1000;
  try {
    writeFileSync(lockOf(store), '', { flag: 'a', mode: 0o600 });
    utimesSync(lockOf(store), now, now);
  } catch {} // a full disk: two of them take turns
}

/** That process's work. False when another one is at it. */
export function settleAlone(store: Store): boolean {
  store.db.requireWritable();
  return tryFileLock(lockOf(store), () => {
    settleStore(store, WRITTEN_BACK_MS);
  });
}
