import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Core, type EntryTable } from '@mica/core-wasm';
import { type Digest, hexOf } from '../reference/digest.ts';
import { thisProcess } from '../store/files.ts';
import type { Store } from '../store/store.ts';
import type { TarTarget } from './layer-reader.ts';
import { LayerUnpacker } from './unpack.ts';

/** Unpacks a layer while it comes in; its directory and table appear in the store when the last byte was right. */
export class Unpacking implements TarTarget {
  readonly #store: Store;
  readonly #expected: Digest;
  readonly #work: string;
  readonly #unpacker: LayerUnpacker;

  constructor(store: Store, expected: Digest) {
    this.#store = store;
    this.#expected = expected;
    this.#work = join(store.layersDir, `.tmp-${thisProcess().pid}-${crypto.randomUUID()}`);
    mkdirSync(join(this.#work, 'layer'), { recursive: true, mode: 0o755 });
    mkdirSync(join(this.#work, 'side'));
    this.#unpacker = new LayerUnpacker(new Core(), join(this.#work, 'layer'), join(this.#work, 'side'));
  }

  push(chunk: Uint8Array): void {
    this.#unpacker.push(chunk);
  }

  /** A layer of another diff ID than the expected one is left out: whoever asked for it says so. */
  finish(diffId: Digest): EntryTable {
    const table = this.#unpacker.finish();
    if (diffId === this.#expected) {
      const target = join(this.#store.layersDir, hexOf(diffId));
      writeFileSync(join(this.#work, 'table'), table.bytes);
      renameSync(join(this.#work, 'table'), `${target}.table`);
      try {
        renameSync(join(this.#work, 'layer'), target);
      } catch (error) {
        // Another process was first: its directory is as good as ours.
        if (!existsSync(target)) throw error;
      }
    }
    this.abort();
    return table;
  }

  abort(): void {
    this.#unpacker.abort();
    rmSync(this.#work, { recursive: true, force: true });
  }
}
