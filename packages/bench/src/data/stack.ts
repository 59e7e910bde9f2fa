import { type Core, type EntryTable, Kind } from '@mica/core-wasm';
import { Random } from './random.ts';

export interface StackShape {
  readonly layers: number;
  /** Entries of each layer, the directories above them not counted. */
  readonly entries: number;
  /** Layers from this one on are of another build: new times, sizes, places in their tar. */
  readonly rebuiltFrom?: number;
}

const epoch = 1_700_000_000n;

/**
 * W9: layers as builds make them. Nine entries in ten are a layer's own, so that a hundred layers of
 * 10,000 give a tree of a million; the rest speak of what lies lower: files written again, and whiteouts.
 */
export function stack(core: Core, shape: StackShape): EntryTable[] {
  return Array.from({ length: shape.layers }, (_, layer) => {
    const rebuilt = layer >= (shape.rebuiltFrom ?? shape.layers);
    const random = new Random(1000 + layer);
    const builder = core.tableBuilder();
    let at = rebuilt ? 1024 : 512;
    for (let i = 0; i < shape.entries; i++) {
      const about = i % 10 === 0 && layer > 0 ? random.below(layer) : layer;
      const path = pathOf(about, about === layer ? i : random.below(shape.entries));
      const gone = i % 50 === 0 && layer > 0;
      const time = (epoch + BigInt(layer * 100 + (rebuilt ? 86_400 : 0))) * 1_000_000_000n + BigInt(i);
      const size = gone ? 0 : 500 + (i % 9000);
      builder.add(gone ? Kind.whiteout : Kind.file, Buffer.from(path), 0o644, 0, 0, time, size);
      builder.dataAt(at);
      at += 512 + Math.ceil(size / 512) * 512;
    }
    return builder.finish();
  });
}

/** Packages are spread over the tree, as a build's layers are: every layer has its share of every directory. */
function pathOf(layer: number, i: number): string {
  return `usr/lib/python3/dist-packages/package-${i % 200}/module_${layer}/file-${i}.py`;
}
