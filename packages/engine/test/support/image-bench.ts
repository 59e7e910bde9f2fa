import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Engine } from '../../src/index.ts';
import { makeTar, type TarEntry } from './tar.ts';

/** A store of a test's own, and folders beside it. `close` takes all of it away. */
export class ImageBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'mica-tree-'));
  readonly root = join(this.dir, 'store');
  readonly engine = new Engine({ root: this.root });
  #count = 0;

  /** A path that is not there yet. */
  path(): string {
    return join(this.dir, `p${this.#count++}`);
  }
  folder(): string {
    const path = this.path();
    mkdirSync(path);
    return path;
  }

  import(tar: Uint8Array, reference: string): Promise<string> {
    return this.engine.import(Readable.from([tar]), { reference });
  }
  async importEntries(entries: readonly TarEntry[], reference: string): Promise<string> {
    return this.import(await makeTar(entries), reference);
  }
  importDirectory(dir: string, reference: string): Promise<string> {
    const flags = ['--format=posix', '--xattrs', '--xattrs-include=*', '--numeric-owner'];
    return this.import(execFileSync('tar', ['-c', ...flags, '-C', dir, '.'], { maxBuffer: 1 << 28 }), reference);
  }

  close(): void {
    this.engine.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
