import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core, type EntryTable } from '@mica/core-wasm';
import { settleOnTree } from '../../src/layer/on-chain.ts';
import { scanDirectory } from '../../src/layer/scan.ts';
import { LayerUnpacker } from '../../src/layer/unpack.ts';
import { mountStack } from '../../src/overlay/stack.ts';
import { enterPrivateMounts, unmount } from '../../src/system/mount.ts';
import { packLayer } from './pack-layer.ts';

/** A folder of a test's own with real layers and a real overlay over them. */
export class Workbench {
  readonly dir = mkdtempSync(join(tmpdir(), 'mica-test-'));
  readonly core = new Core();
  readonly #mounts: string[] = [];
  #count = 0;

  folder(): string {
    const path = join(this.dir, String(this.#count++));
    mkdirSync(path);
    return path;
  }

  /** Unpacks a layer's tar in chunks of odd size. */
  unpack(tar: Uint8Array): { dir: string; table: EntryTable } {
    const dir = this.folder();
    const side = this.folder();
    const unpacker = new LayerUnpacker(new Core(), dir, side);
    try {
      for (let at = 0; at < tar.length; at += 777) unpacker.push(tar.subarray(at, at + 777));
      const table = unpacker.finish();
      // As the base of a stack: what it links to must be its own.
      settleOnTree(this.core, table, this.core.union([]));
      return { dir, table };
    } finally {
      unpacker.abort();
      rmSync(side, { recursive: true });
    }
  }

  /** Mounts layers, bottom first; with an upper of its own unless `readOnly`. */
  mount(layers: readonly string[], options: { readOnly?: boolean } = {}): { merged: string; upper: string } {
    enterPrivateMounts();
    const merged = this.folder();
    const upper = this.folder();
    const work = this.folder();
    mountStack({
      lowers: [...layers].reverse().concat(options.readOnly ? [this.folder()] : []),
      target: merged,
      ...(options.readOnly ? {} : { upper: { dir: upper, work } }),
    });
    this.#mounts.push(merged);
    return { merged, upper };
  }

  /** An upper as a layer's tar. */
  commit(upper: string): { tar: Buffer; table: EntryTable } {
    const table = scanDirectory(this.core, upper, { overlay: true });
    const parts: Buffer[] = [];
    packLayer(this.core, table, upper, (bytes) => parts.push(Buffer.from(bytes)));
    return { tar: Buffer.concat(parts), table };
  }

  close(): void {
    for (const mount of this.#mounts) unmount(mount);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
