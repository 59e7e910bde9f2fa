import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, output, run } from '../measure/process.ts';
import type { Box, Peer } from './peer.ts';
import { unmountBelow } from './remains.ts';

/** buildah with a store of its own. It runs no container here: it commits the working container's layer. */
export class Buildah implements Peer {
  readonly name = 'buildah';
  readonly version: string;
  readonly #folder: string;

  constructor(parent: string) {
    this.#folder = join(parent, 'buildah');
    this.version = output(['buildah', '--version']).split(' ')[2] ?? 'unknown';
  }

  #command(...args: string[]): Command {
    const store = ['--root', join(this.#folder, 'root'), '--runroot', join(this.#folder, 'run')];
    return { argv: ['buildah', ...store, '--storage-driver', 'overlay', ...args] };
  }
  #do(...args: string[]): string {
    return run(this.#command(...args)).trim();
  }

  importImage(tar: string, image: string): void {
    const box = this.#do('from', 'scratch');
    this.#do('add', box, tar, '/');
    this.#do('commit', '--disable-compression', box, image);
    this.#do('rm', box);
  }
  create(image: string, name: string): Box {
    this.#do('from', '--pull-never', '--name', name, image);
    return { name, upper: this.#do('mount', name) };
  }
  /** Mounted is all that it gets. */
  start(): void {}
  remove(box: Box): void {
    this.#do('rm', box.name);
  }
  removeImage(image: string): void {
    this.#do('rmi', '-f', image);
  }
  commit(box: Box, image: string): Command {
    return this.#command('commit', '--quiet', '--disable-compression', box.name, image);
  }

  clear(): void {
    this.#do('rm', '--all');
  }
  close(): void {
    try {
      this.clear();
    } finally {
      unmountBelow(this.#folder);
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
