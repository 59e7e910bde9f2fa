import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where a container's parts are. The run folder is short (a socket's path has 108 bytes) and gone after a boot. */
export class ContainerPaths {
  readonly run: string;
  readonly #containers: string;

  constructor(root: string) {
    this.run = runFolder(root);
    this.#containers = join(root, 'containers');
  }
  get state(): string {
    return join(this.run, 'state');
  }
  get exits(): string {
    return join(this.run, 'exits');
  }
  /** There, and locked, as long as a commit keeps the container frozen. */
  freezing(id: string): string {
    return join(freezingFolder(this.run), folderOf(id));
  }
  bundle(id: string): string {
    return join(this.run, folderOf(id));
  }
  dir(id: string): string {
    return join(this.#containers, folderOf(id));
  }
  /** Held by whoever mounts the upper, or reads it while nothing runs in it (rootfs.ts). */
  lock(id: string): string {
    return join(this.dir(id), 'lock');
  }
  /** What becomes {@link dir} once all of it is there. */
  making(id: string): string {
    return join(this.#containers, `${folderOf(id)}.new`);
  }
  part(
    id: string,
    name: 'upper' | 'work' | 'rootfs' | 'init' | 'ctr.log' | 'hosts' | 'hostname' | 'resolv.conf',
  ): string {
    return join(this.#containers, folderOf(id), name);
  }
  /** Makes the folders that all containers share. */
  prepare(): void {
    mkdirSync(this.exits, { recursive: true, mode: 0o700 });
    mkdirSync(this.state, { recursive: true, mode: 0o700 });
  }
}

/** Of a run folder: who froze what, a note a container. */
export function freezingFolder(run: string): string {
  return join(run, 'freezing');
}

/** In a database that is damaged an ID may be anything, `..` too: such a container has no folder. */
function folderOf(id: string): string {
  return /^[0-9a-zA-Z][\w-]*$/.test(id) ? id : 'no-id';
}

/** Where the containers of the store at this path have their sockets and pid files while they run. */
export function runFolder(root: string): string {
  return join('/run/mica', fnv1a(root));
}

/** FNV-1a, 32 bits, in hex: a short name for a store. Loading node:crypto would take 10 ms of every command. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
