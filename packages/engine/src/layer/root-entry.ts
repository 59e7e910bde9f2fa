import { existsSync, readFileSync } from 'node:fs';
import { EntryTable } from '@mica/core-wasm';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { tablePath } from './unpacked.ts';

/**
 * The root's own entry in the topmost unpacked layer that has one; null when none has, as in images that
 * docker built. Overlay takes the root's mode, owner and times from the uppermost directory alone.
 */
export function rootEntry(store: Store, diffIds: readonly Digest[]): { table: EntryTable; index: number } | null {
  for (const diffId of diffIds.toReversed()) {
    const file = tablePath(store.layersDir, diffId);
    if (!existsSync(file)) continue;
    const table = EntryTable.from(new Uint8Array(readFileSync(file)));
    if (table.count > 0 && table.pathBytes(0).length === 0) return { table, index: 0 };
  }
  return null;
}
