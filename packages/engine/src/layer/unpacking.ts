import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EntryTable } from '@mica/core-wasm';
import type { Digest } from '../reference/digest.ts';
import { newCore } from '../system/core.ts';
import { outsideLimits } from './bounds.ts';
import type { TarTarget } from './layer-reader.ts';
import { LayerUnpacker } from './unpack.ts';
import { putUnpacked, workFolder } from './unpacked.ts';

/** Unpacks a layer while it comes in; its directory and table appear in the store when the last byte was right. */
export class Unpacking implements TarTarget {
  readonly #layersDir: string;
  readonly #expected: Digest;
  readonly #work: string;
  readonly #unpacker: LayerUnpacker;

  constructor(layersDir: string, expected: Digest) {
    this.#layersDir = layersDir;
    this.#expected = expected;
    this.#work = workFolder(layersDir);
    mkdirSync(join(this.#work, 'layer'), { mode: 0o755 });
    mkdirSync(join(this.#work, 'side'));
    this.#unpacker = new LayerUnpacker(newCore(), join(this.#work, 'layer'), join(this.#work, 'side'), outsideLimits());
  }

  push(chunk: Uint8Array): void {
    this.#unpacker.push(chunk);
  }

  /** A layer of another diff ID than the expected one is left out: whoever asked for it says so. */
  finish(diffId: Digest): EntryTable {
    const table = this.#unpacker.finish();
    if (diffId === this.#expected) putUnpacked(this.#layersDir, diffId, table, this.#work);
    this.abort();
    return table;
  }

  abort(): void {
    this.#unpacker.abort();
    rmSync(this.#work, { recursive: true, force: true });
  }
}
