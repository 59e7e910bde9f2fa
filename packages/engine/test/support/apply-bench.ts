import { expect } from 'vitest';
import { ImageBench } from './image-bench.ts';
import { Workbench } from './layers.ts';
import { makeTar, type TarEntry } from './tar.ts';
import { treeLines } from './tree.ts';

/** Layers applied in every way there is. `close` takes all of it away. */
export class ApplyBench {
  /** One layer by itself, its directory looked at. */
  readonly layers = new Workbench();
  readonly stacks = new ImageBench();

  /** The stack as a container sees it, on real overlayfs; and unpacked from the tables, which must be the same tree. */
  async show(...layers: TarEntry[][]): Promise<string> {
    const tars: Buffer[] = [];
    for (const entries of layers) tars.push(await makeTar(entries));
    const merged = await this.stacks.mount(this.stacks.stack(tars, 'stack'));
    const plain = this.stacks.path();
    await this.stacks.engine.trees.unpack('stack', plain);
    // The root is nobody's entry here: its time is that of the moment.
    expect(treeLines(plain).slice(1)).toEqual(treeLines(merged).slice(1));
    return merged;
  }
  async refused(...entries: TarEntry[]): Promise<void> {
    const tar = await makeTar(entries);
    expect(() => this.layers.unpack(tar)).toThrow();
  }

  close(): void {
    this.layers.close();
    this.stacks.close();
  }
}
