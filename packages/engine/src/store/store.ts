import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requireText } from '../argument.ts';
import type { Digest } from '../reference/digest.ts';
import { makeFolders } from '../system/make-folders.ts';
import { BlobStore } from './blob-store.ts';
import { CommitIndex } from './commit-index.ts';
import { ContainerRecords } from './container-records.ts';
import { Database } from './database.ts';
import { EventRecords } from './event-records.ts';
import { storeError } from './files.ts';
import { brokenFolders, type StoreFolder, storeFolders } from './folders.ts';
import { ImageRecords } from './image-records.ts';
import { LayerRecords } from './layer-records.ts';
import { NetworkRecords } from './network-records.ts';
import { type Collected, collect } from './prune.ts';
import { Reserve } from './reserve.ts';
import { UnpackedNotes } from './unpacked.ts';
import { VolumeRecords } from './volume-records.ts';

/**
 * All that Mica keeps, under one root: `blobs/` the truth, `layers/` a cache made from it, `containers/`
 * the writable layers, `volumes/` what outlives them, `mica.db` everything small. Any number of processes
 * may hold one store open. Whoever opens it closes it.
 */
export class Store {
  /** Absolute, and without symbolic links. */
  readonly root: string;
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly layers: LayerRecords;
  readonly images: ImageRecords;
  readonly containers: ContainerRecords;
  readonly commits: CommitIndex;
  readonly events: EventRecords;
  readonly volumes: VolumeRecords;
  readonly networks: NetworkRecords;

  /** Blobs that had not reached the disk when the machine went down: found as this store was opened, and dropped. */
  lost: readonly Digest[] = [];
  readonly unpacked: UnpackedNotes;
  readonly reserve: Reserve;

  private constructor(root: string) {
    this.root = root;
    this.db = new Database(join(root, 'mica.db'), () =>
      ['blobs/sha256', 'containers'].every((name) => isEmpty(join(root, name))),
    );
    this.blobs = new BlobStore(root, this.db);
    this.layers = new LayerRecords(this.db);
    this.images = new ImageRecords(this.db, this.blobs.leases, (id) => this.blobs.read(id));
    this.containers = new ContainerRecords(this.db);
    this.commits = new CommitIndex(this.db);
    this.events = new EventRecords(this.db);
    this.volumes = new VolumeRecords(this.db);
    this.networks = new NetworkRecords(this.db);
    this.reserve = new Reserve(root, join(root, 'mica.db-wal'), () => this.db.emptyLog());
    this.unpacked = new UnpackedNotes(this.db, this.layersDir);
  }

  /** Makes the folders and the database when they are not there; see {@link isReadOnly}. @throws MicaError permission-denied, no-space, store-damaged */
  static open(path: string): Store {
    let root: string;
    try {
      requireText(path, 'root');
      const at = resolve(path);
      // Also in a folder that was there before, and is open to others.
      if (!existsSync(join(at, 'mica.db'))) for (const folder of storeFolders) makeFolders(join(at, folder), 0o700);
      // One name for one store: its containers' run folder and bridge are called after it. With a slash at its end, or by
      // a link, it would be a second store, where what runs in the first has lost its files.
      root = realpathSync.native(at);
    } catch (error) {
      throw storeError(error, 'open the store', path);
    }
    const store = new Store(root);
    try {
      if (!store.isReadOnly) {
        store.lost = store.blobs.pending.recover();
        store.unpacked.recover();
      }
      return store;
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** Nothing can be written down: what only looks goes on all the same, and so does what ends a process. */
  get isReadOnly(): boolean {
    return this.db.isReadOnly;
  }
  /** Folder of unpacked layers and entry tables. */
  get layersDir(): string {
    return join(this.root, 'layers');
  }
  /** Folder of blobs on their way in from a registry. */
  get downloadsDir(): string {
    return join(this.root, 'downloads');
  }
  get containersDir(): string {
    return join(this.root, 'containers');
  }
  get volumesDir(): string {
    return join(this.root, 'volumes');
  }

  /** All in one transaction: either every change inside is kept or none. Synchronous. */
  transaction<T>(change: () => T): T {
    return this.db.write(change);
  }

  /** A part of a transaction that may fail alone. */
  attempt<T>(change: () => T): T {
    return this.db.attempt(change);
  }

  /** What takes blobs for an image that is not there yet holds one of these until it is, or has failed. */
  operation(): Disposable {
    return this.blobs.leases.operation();
  }

  setting(key: string): string | null {
    return (this.db.get('SELECT value FROM settings WHERE key = ?', key)?.value as string | undefined) ?? null;
  }
  setSetting(key: string, value: string): void {
    this.db.run('INSERT OR REPLACE INTO settings VALUES (?, ?)', key, value);
  }

  /** Before rows go whose bytes, in that folder, are to follow. @throws MicaError read-only, store-damaged */
  beforeRemoval(folder: StoreFolder): void {
    this.db.requireWritable();
    this.requireFolder(folder);
    this.reserve.giveUp();
  }
  /** Of a disk that is not mounted nothing is known: what is on it is not lost. @throws MicaError store-damaged */
  requireFolder(folder: StoreFolder): void {
    const path = join(this.root, folder);
    const broken = brokenFolders(this.root).find(({ subject }) => subject === path || subject?.startsWith(`${path}/`));
    if (broken) throw broken;
  }

  /** Removes the blobs, unpacked layers and temporary files that no image, container or running operation needs. */
  collect(): Collected {
    this.beforeRemoval('blobs');
    const collected = collect(this);
    this.reserve.restore();
    return collected;
  }

  /** Idempotent. */
  close(): void {
    this.db.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    return true; // not there
  }
}
