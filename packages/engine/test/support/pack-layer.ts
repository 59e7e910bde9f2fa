import { closeSync } from 'node:fs';
import type { Core, EntryTable } from '@mica/core-wasm';
import { packSteps } from '../../src/commit/pack.ts';
import { openDirectory } from '../../src/system/beneath.ts';

/** A layer's tar of `table`, files' bytes from below `dir`, as it is where nothing is concurrent: piece by piece to `sink`. */
export function packLayer(core: Core, table: EntryTable, dir: string, sink: (bytes: Uint8Array) => void): void {
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  const root = openDirectory(dir);
  try {
    const steps = packSteps(
      core,
      table,
      () => root,
      () => buffer,
    );
    for (let step = steps.next(); !step.done; step = steps.next()) sink(buffer.subarray(0, step.value.length));
  } finally {
    closeSync(root);
  }
}
