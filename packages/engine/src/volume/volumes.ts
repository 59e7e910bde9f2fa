import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireFunction, requireLabels, requireObject, requireText, requireTexts } from '../argument.ts';
import type { Volume } from '../contract/container.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import type { Store } from '../store/store.ts';
import type { VolumeRecord } from '../store/volume-records.ts';
import { randomBytes, uniqueName } from '../system/random.ts';
import { withUsualUmask } from '../system/umask.ts';
import { diskUsage } from './usage.ts';

/** Label that docker puts on a volume without a name. */
const ANONYMOUS = 'com.docker.volume.anonymous';

export interface VolumeRequest {
  readonly name?: string; // absent: an anonymous one
  readonly labels?: Readonly<Record<string, string>>;
}

/** Which volumes a prune takes: of those that no container has the anonymous ones, or `all`, but none of `keep`. */
export interface VolumePruneOptions {
  readonly all?: boolean;
  readonly keep?: (volume: Volume) => boolean;
}
/** The names of those that went, and the bytes that they took. */
export interface PrunedVolumes {
  readonly removed: readonly string[];
  readonly reclaimed: number;
}

/**
 * Folders that outlive containers: `volumes/<name>/_data`, each with a row that says so. Row and folder
 * change under the store's one write lock, so several processes that make the same volume end with one
 * of them, and none is removed while a container has it.
 */
export class Volumes {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /** The volume of this name, made if there is none. @throws MicaError invalid-argument */
  create(request: VolumeRequest = {}): Volume {
    requireObject(request, 'options');
    requireLabels(request.labels ?? {});
    const name = request.name ?? randomBytes(32).toString('hex');
    checkName(name);
    const labels = request.name === undefined ? { [ANONYMOUS]: '', ...request.labels } : (request.labels ?? {});
    return this.#store.transaction(() => {
      const known = this.#store.volumes.get(name);
      if (known !== null) {
        this.makeDataDir(name); // a removal that was killed half-way
        return this.#volume(known);
      }
      // A folder without a row is what a killed removal left: a new volume never shows an old one's files.
      this.#setAside(name);
      this.makeDataDir(name);
      const made = { name, created: new Date().toISOString(), anonymous: request.name === undefined, labels };
      this.#store.volumes.insert(made);
      this.#store.events.tell('volume', 'create', name, { driver: 'local' });
      return this.#volume(made);
    });
  }

  /** @throws MicaError no-such-volume */
  get(name: string): Volume {
    const found = this.#store.volumes.get(name);
    if (found === null) throw noSuchVolume(name);
    return this.#volume(found);
  }
  list(): Volume[] {
    return this.#store.volumes.list().map((row) => this.#volume(row));
  }

  /** With `force` one that is not there is no error. @throws MicaError no-such-volume, volume-in-use */
  remove(name: string, force = false): void {
    this.#store.beforeRemoval('volumes');
    this.#store.transaction(() => {
      if (this.#store.volumes.get(name) === null) {
        if (force) return;
        throw noSuchVolume(name);
      }
      const users = this.#store.volumes.usersOf(name);
      if (users.length > 0)
        throw new MicaError('volume-in-use', `remove ${name}: volume is in use - [${users.join(', ')}]`, {
          subject: name,
          hint: `remove what uses it first: mica rm ${users.map((id) => id.slice(0, 12)).join(' ')}`,
        });
      this.#store.volumes.delete(name);
      this.#store.events.tell('volume', 'destroy', name, { driver: 'local' });
    });
    // Not before that is written: whoever is killed in between, or finds the disk full, would leave a volume without its files.
    const aside = this.#store.transaction(() => (this.#store.volumes.get(name) === null ? this.#setAside(name) : null));
    if (aside !== null) rmSync(aside, { recursive: true, force: true });
  }

  /** Removes those of `names` that are anonymous and that no container has. */
  removeAnonymous(names: readonly string[]): void {
    requireTexts(names, 'names');
    for (const name of names) {
      const volume = this.#store.volumes.get(name);
      if (volume?.anonymous && this.#store.volumes.usersOf(name).length === 0) this.remove(name, true);
    }
  }

  /** Removes what no container has: anonymous ones, with `all` named ones too. */
  prune(options: VolumePruneOptions = {}): PrunedVolumes {
    requireObject(options, 'options');
    if (options.keep !== undefined) requireFunction(options.keep, 'keep');
    const removed: string[] = [];
    let reclaimed = 0;
    for (const volume of this.list()) {
      if (volume.containers.length > 0 || !(options.all || volume.anonymous) || options.keep?.(volume)) continue;
      const size = diskUsage(volume.mountpoint);
      try {
        this.remove(volume.name, true);
      } catch (error) {
        if (error instanceof MicaError && error.code === 'volume-in-use') continue; // taken between the two looks
        throw error;
      }
      removed.push(volume.name);
      reclaimed += size;
    }
    this.#sweep();
    return { removed, reclaimed };
  }

  /** Where the volume's files are. */
  dataDir(name: string): string {
    requireText(name, 'volume');
    return join(this.#store.volumesDir, name, '_data');
  }
  /** Idempotent. */
  makeDataDir(name: string): void {
    const dir = this.dataDir(name);
    try {
      withUsualUmask(() => mkdirSync(dir, { recursive: true, mode: 0o755 }));
    } catch (error) {
      throw wrapSystemError(error, 'make volume', name);
    }
  }
  /** Bytes that a volume's files take. */
  size(name: string): number {
    return diskUsage(this.dataDir(name));
  }

  #volume(row: VolumeRecord): Volume {
    return {
      ...row,
      driver: 'local',
      mountpoint: this.dataDir(row.name),
      containers: this.#store.volumes.usersOf(row.name),
    };
  }

  /** Takes the folder out of sight in one rename; its new path, or null if there was none. */
  #setAside(name: string): string | null {
    const aside = join(this.#store.volumesDir, `.gone-${uniqueName()}`);
    try {
      renameSync(join(this.#store.volumesDir, name), aside);
      return aside;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw wrapSystemError(error, 'remove volume', name);
    }
  }

  /** What killed removals left: folders set aside, and those of no volume. */
  #sweep(): void {
    const dir = this.#store.volumesDir;
    if (lstatSync(dir, { throwIfNoEntry: false }) === undefined) return;
    this.#store.transaction(() => {
      for (const name of readdirSync(dir))
        if (!name.startsWith('.gone-') && this.#store.volumes.get(name) === null) this.#setAside(name);
    });
    for (const name of readdirSync(dir))
      if (name.startsWith('.gone-')) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** docker's rule and words (volume/service/store.go, volume/local/local.go). */
export function checkName(name: string): void {
  requireText(name, 'name');
  if (name.length === 1)
    throw new MicaError(
      'invalid-argument',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
      { subject: name, hint: 'two characters or more, a letter or a digit first: data, db-1' },
    );
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name))
    throw new MicaError(
      'invalid-argument',
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      { subject: name, hint: 'a letter or a digit first: data, db-1; a host directory begins with a slash' },
    );
}

function noSuchVolume(name: string): MicaError {
  return new MicaError('no-such-volume', `get ${name}: no such volume`, {
    subject: name,
    hint: 'mica volume ls lists them',
  });
}
