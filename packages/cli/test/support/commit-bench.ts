import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '@mica/engine';
import { expect } from 'vitest';
import { TestStore } from './store.ts';

/** A store with `base:1` and containers whose writable layers the test itself writes; {@link clear} after each test, {@link close} at the end. */
export class CommitBench {
  readonly store = new TestStore();
  readonly root = this.store.root;
  readonly work = this.store.work;
  readonly engine = new Engine({ root: this.root });

  static async make(): Promise<CommitBench> {
    const bench = new CommitBench();
    await bench.store.importBase();
    return bench;
  }

  mica(...args: string[]) {
    return this.store.run(args);
  }
  /** Expects success and not a word on standard error; standard output without the last line's end. */
  ok(...args: string[]): string {
    return this.store.ok(args).trim();
  }
  /** As {@link mica}, in this process. */
  here(...args: string[]) {
    return this.store.here(args);
  }
  /** As {@link ok}, in this process. */
  async okHere(...args: string[]): Promise<string> {
    return (await this.store.okHere(args)).trim();
  }

  upperOf(id: string): string {
    return join(this.root, 'containers', id, 'upper');
  }
  /** An image's config, by its ID. */
  configOf(id: string) {
    return JSON.parse(readFileSync(join(this.root, 'blobs/sha256', id.slice(7)), 'utf8'));
  }
  tags(): string[] {
    return this.engine.images
      .list()
      .flatMap((image) => image.repoTags)
      .sort();
  }

  /** A container that was never started, with these files in its writable layer. */
  async made(name: string, files: Record<string, string | Buffer> = {}): Promise<string> {
    const id = await this.engine.containers.create({ image: 'base:1', name, command: ['sh'] });
    for (const [path, body] of Object.entries(files)) {
      mkdirSync(join(this.upperOf(id), path, '..'), { recursive: true });
      writeFileSync(join(this.upperOf(id), path), body);
    }
    return id;
  }

  /** Back to `base:1` alone; no commit may have left anything half done. */
  async clear(): Promise<void> {
    for (const { id } of this.engine.containers.list(true)) await this.engine.containers.remove(id, true);
    for (const tag of this.tags()) if (tag !== 'base:1') this.engine.images.remove(tag, true);
    expect(readdirSync(join(this.root, 'blobs/tmp'))).toEqual([]);
  }
  close(): void {
    this.engine.close();
    this.store.remove();
  }
}
