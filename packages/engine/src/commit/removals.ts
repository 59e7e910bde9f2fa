import { unlink } from 'node:fs';

/**
 * Files that are removed in libuv's threads while their owner goes on: on a busy disk, or one that is told of each block
 * that is free (mount's `discard`), an unlink takes as long as all the rest. Whoever makes it disposes of it, which waits
 * for them: then they are gone, or cannot be removed.
 */
export class Removals {
  readonly #underWay = new Set<Promise<void>>();

  begin(files: readonly string[]): void {
    for (const file of files) {
      const removal = new Promise<void>((resolve) => unlink(file, () => resolve())).then(() => {
        this.#underWay.delete(removal);
      });
      this.#underWay.add(removal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
