import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFolder } from '@mica/engine';
import { type Command, output } from '../measure/process.ts';
import { DockerLike } from './docker-like.ts';
import type { Box } from './peer.ts';

const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));
const bundle = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));

/** The command as a user types it: bin/mica, which runs the bundle. */
export class Mica extends DockerLike {
  readonly name = 'mica';
  /**
   * In the first four runs of a command it keeps the code that V8 compiles (cli/src/compiled.ts), and each takes 60 ms
   * longer: once an installation, and no part of what a commit costs.
   */
  readonly warmUps = 5;
  readonly version: string;
  readonly root: string;

  constructor(folder: string) {
    super();
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
  create(image: string, name: string): Box {
    const id = this.do('create', '--name', name, image, 'sleep', '1000000');
    return { name, upper: join(this.root, 'containers', id, 'upper') };
  }
  close(): void {
    this.clear();
    rmSync(runFolder(this.root), { recursive: true, force: true });
    // Again while the process that settles what the last commit found old still has it open.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10 });
  }
}
