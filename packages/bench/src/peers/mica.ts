import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFolder } from '@mica/engine';
import { type Command, output, run } from '../measure/process.ts';
import type { Box, Peer } from './peer.ts';

const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));
const bundle = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));

/** The command as a user types it: bin/mica, which runs the bundle. */
export class Mica implements Peer {
  readonly name = 'mica';
  readonly version: string;
  readonly root: string;

  constructor(folder: string) {
    if (!existsSync(bundle)) throw new Error('the command line is not built: run npm run bootstrap');
    this.root = join(folder, 'mica');
    this.version = output([bin, '--version']).replace(/^mica version /, '');
  }

  command(...args: string[]): Command {
    return {
      argv: [bin, ...args],
      env: { MICA_ROOT: this.root },
    };
  }
  /** Runs a verb that is part of the set-up. */
  do(...args: string[]): string {
    return run(this.command(...args)).stdout.trim();
  }

  importImage(tar: string, image: string): void {
    this.do('import', tar, image);
  }
  create(image: string, name: string): Box {
    const id = this.do('create', '--name', name, image, 'sleep', '1000000');
    return { name, upper: join(this.root, 'containers', id, 'upper') };
  }
  start(box: Box): void {
    this.do('start', box.name);
  }
  remove(box: Box): void {
    this.do('rm', '-f', box.name);
  }
  removeImage(image: string): void {
    this.do('rmi', image);
  }
  commit(box: Box, image: string): Command {
    return this.command('commit', box.name, image);
  }

  clear(): void {
    const ids = this.do('ps', '-aq').split('\n').filter(Boolean);
    if (ids.length > 0) this.do('rm', '-f', ...ids);
  }
  close(): void {
    this.clear();
    const run = runFolder(this.root);
    rmSync(run, { recursive: true, force: true });
    // Again while the process that settles what the last commit found old still has it open.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10 });
  }
}
