import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, output, run } from '../measure/process.ts';
import type { Box, Peer } from './peer.ts';

/**
 * umoci has no container: its bundle is a whole unpacked tree, and `repack` finds what changed by the
 * manifest of it. It compresses the layer, as it can do nothing else in this version.
 */
export class Umoci implements Peer {
  readonly name = 'umoci';
  readonly version: string;
  readonly #folder: string;
  readonly #layout: string;

  constructor(parent: string) {
    this.#folder = join(parent, 'umoci');
    this.#layout = join(this.#folder, 'layout');
    this.version = output(['umoci', '--version']).replace(/^umoci version /, '');
  }

  #image(image: string): string {
    return `${this.#layout}:${image.replace(/[:/]/g, '-')}`;
  }
  importImage(tar: string, image: string): void {
    mkdirSync(this.#folder, { recursive: true });
    rmSync(this.#layout, { recursive: true, force: true }); // init wants to make it
    run({ argv: ['umoci', 'init', '--layout', this.#layout] });
    run({ argv: ['umoci', 'new', '--image', this.#image(image)] });
    run({ argv: ['umoci', 'raw', 'add-layer', '--image', this.#image(image), tar] });
  }
  create(image: string, name: string): Box {
    const bundle = join(this.#folder, name);
    run({ argv: ['umoci', 'unpack', '--image', this.#image(image), bundle] });
    return { name: bundle, upper: join(bundle, 'rootfs') };
  }
  start(): void {}
  remove(box: Box): void {
    rmSync(box.name, { recursive: true, force: true });
  }
  removeImage(image: string): void {
    run({ argv: ['umoci', 'rm', '--image', this.#image(image)] });
    run({ argv: ['umoci', 'gc', '--layout', this.#layout] });
  }
  commit(box: Box, image: string): Command {
    return { argv: ['umoci', 'repack', '--image', this.#image(image), box.name] };
  }
  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
