import { hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where a container's parts are. The run folder is short (a socket's path has 108 bytes) and gone after a boot. */
export class ContainerPaths {
  readonly run: string;
  readonly #containers: string;

  constructor(root: string) {
    this.run = join('/run/mica', hash('sha256', root, 'hex').slice(0, 8));
    this.#containers = join(root, 'containers');
  }
  get state(): string {
    return join(this.run, 'state');
  }
  get exits(): string {
    return join(this.run, 'exits');
  }
  bundle(id: string): string {
    return join(this.run, id);
  }
  dir(id: string): string {
    return join(this.#containers, id);
  }
  part(
    id: string,
    name: 'upper' | 'work' | 'rootfs' | 'init' | 'ctr.log' | 'hosts' | 'hostname' | 'resolv.conf',
  ): string {
    return join(this.#containers, id, name);
  }
  /** Makes the folders that all containers share. */
  prepare(): void {
    mkdirSync(this.exits, { recursive: true, mode: 0o700 });
    mkdirSync(this.state, { recursive: true, mode: 0o700 });
  }
}
