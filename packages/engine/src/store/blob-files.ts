import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf, isDigest } from '../reference/digest.ts';
import { uniqueName } from '../system/random.ts';
import { isAlive, storeError, thisProcess } from './files.ts';

const algorithms = ['sha256', 'sha512'] as const;

/** Where blobs lie, `blobs/<algorithm>/<hex>`, and what is on its way there, in `blobs/tmp`. Knows no database. */
export class BlobFiles {
  readonly #root: string;
  #made = false;

  constructor(root: string) {
    this.#root = root;
  }

  path(digest: Digest): string {
    // What a damaged database calls one may lead anywhere: such a blob is not there.
    return isDigest(digest)
      ? join(this.#root, 'blobs', algorithmOf(digest), hexOf(digest))
      : join(this.#root, 'blobs', 'no-digest');
  }

  /** A path in the store's temporary folder for a file made elsewhere (a worker), to be adopted by the store. */
  temporary(): string {
    this.prepare();
    const { pid, start } = thisProcess();
    return join(this.#root, 'blobs/tmp', `${pid}-${start}-${uniqueName()}`);
  }

  /** Whatever has a file, with a row or without. */
  *all(): Generator<{ readonly digest: Digest; readonly path: string }> {
    for (const algorithm of algorithms) {
      const folder = join(this.#root, 'blobs', algorithm);
      for (const name of existsSync(folder) ? readdirSync(folder) : [])
        yield { digest: `${algorithm}:${name}`, path: join(folder, name) };
    }
  }

  /** Removes temporary files of processes that are no more. */
  sweep(): number {
    const folder = join(this.#root, 'blobs/tmp');
    let swept = 0;
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      const [pid = '', start = ''] = name.split('-');
      if (isAlive({ pid: Number(pid), start })) continue;
      rmSync(join(folder, name), { force: true, recursive: true });
      swept++;
    }
    return swept;
  }

  /** Makes the folders; what dead processes left in them goes. Once for a store that is open. */
  prepare(): void {
    if (this.#made) return;
    try {
      for (const folder of [...algorithms, 'tmp']) mkdirSync(join(this.#root, 'blobs', folder), { recursive: true });
      this.sweep();
    } catch (error) {
      throw storeError(error, 'prepare', (error as NodeJS.ErrnoException).path ?? this.#root);
    }
    this.#made = true;
  }
}
