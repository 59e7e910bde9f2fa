import type { Core, EntryTable, TablePart, TarPacker } from '@mica/core-wasm';
import type { Filled } from './filling.ts';
import { Packing, type PackOptions, type RootOf } from './packing.ts';

/**
 * `table` as a layer's tar, files' bytes read from below their roots, in steps: asks `next` for a buffer, fills it,
 * yields how far, asks for the next. What is yielded is the caller's until it resumes; the buffer is the caller's
 * altogether. The result depends on the table and those bytes only. A file whose size is no longer the table's is an
 * error: a layer never holds what no moment of the container held.
 */
export function* packSteps(
  core: Core,
  table: EntryTable,
  rootOf: RootOf,
  next: () => Uint8Array,
  options: PackOptions = {},
): Generator<Filled, void> {
  const packing = new Packing(rootOf, next, options);
  const packer = core.packer();
  try {
    yield* packing.steps(packer, table, 0);
    yield* packing.end();
  } finally {
    packer.close();
    packing.close();
  }
}

/**
 * The same of a table that comes in parts, each of them packed before the next is asked for; null: none yet. Yields null
 * where nothing is filled yet, for a caller that lets others work in between.
 */
export function* packParts(
  packer: TarPacker,
  parts: Iterable<TablePart | null>,
  rootOf: RootOf,
  next: () => Uint8Array,
  options: PackOptions = {},
): Generator<Filled | null, void> {
  const packing = new Packing(rootOf, next, options);
  try {
    for (const part of parts) {
      if (part !== null) yield* packing.steps(packer, part, part.first);
      yield null; // a MiB of small files may be far away
    }
    yield* packing.end();
  } finally {
    packing.close();
  }
}
