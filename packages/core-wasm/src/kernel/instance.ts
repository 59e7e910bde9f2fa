import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KernelError } from '../error.ts';
import { type CompiledModule, type Memory, wasm } from './webassembly.ts';

/** What assembly/index.ts exports; pointers are offsets in linear memory. */
export interface KernelExports {
  readonly memory: Memory;
  alloc(size: number): number;
  extend(more: number): void;
  mark(): number;
  release(at: number): void;
  builderNew(records: number, heapBytes: number): number;
  builderRecord(builder: number): number;
  builderBytes(builder: number, from: number, length: number): number;
  builderAt(builder: number, index: number): number;
  builderBehind(builder: number): number;
  builderHeap(builder: number): number;
  builderCount(builder: number): number;
  builderStatx(builder: number, statx: number, path: number, length: number, overlay: number): number;
  builderFiles(
    builder: number,
    look: number,
    names: number,
    offsets: number,
    from: number,
    count: number,
    path: number,
    prefix: number,
  ): number;
  builderPart(builder: number, from: number, end: number, table: number): void;
  builderFinish(builder: number): number;
  namesSort(area: number, from: number, end: number, order: number): number;
  fileBytes(table: number): number;
  filesSince(table: number, time: number, out: number): number;
  sumLanes(): number;
  sumGroups(at: number, count: number): void;
  union(tables: number, count: number, keepMarks: number): number;
  diff(a: number, b: number, sameLayers: number): number;
  scannerNew(maxMeta: number, maxEntries: number, maxSize: bigint): number;
  scannerPush(scanner: number, chunk: number, length: number): number;
  scannerEnd(scanner: number): void;
  scannerBuilder(scanner: number): number;
  scannerError(scanner: number): number;
  scannerPosition(scanner: number): bigint;
  scannerEvents(scanner: number): number;
  scannerEventCount(scanner: number): number;
  scannerEnded(scanner: number): number;
  packOrder(table: number): number;
  packHeader(table: number, item: number, out: number): number;
  packBatch(
    table: number,
    order: number,
    from: number,
    count: number,
    most: number,
    room: number,
    owed: number,
    area: number,
    areaSize: number,
  ): number;
  headerBound(table: number, index: number): number;
  sha256New(): number;
  sha256Reset(state: number): void;
  sha256Update(state: number, at: number, length: number): void;
  sha256Final(state: number, out: number): void;
  sha256Many(list: number, count: number, out: number, ride: number): void;
}

let compiled: CompiledModule | undefined;

/** Compiled once a thread. `MICA_CORE_WASM` names another build, for debugging one. */
function kernelModule(): CompiledModule {
  if (compiled) return compiled;
  const override = process.env.MICA_CORE_WASM;
  // Of the bundle beside the bundle, of a checkout beside src/.
  const places = override
    ? [override]
    : ['core.wasm', '../../build/core.wasm'].map((path) => join(import.meta.dirname, path));
  let cause: unknown;
  for (const place of places) {
    try {
      compiled = new wasm.Module(readFileSync(place));
      return compiled;
    } catch (error) {
      cause = error;
    }
  }
  throw new KernelError(
    'invalid-state',
    `the kernels are not built (${places.at(-1)}): run npm run bootstrap`,
    undefined,
    cause,
  );
}

/** A fresh instance with linear memory of its own. Traps out of the arena become `out-of-memory`. */
export function instantiate(): KernelExports {
  return new wasm.Instance(kernelModule(), { env: { abort: onAbort } }).exports as unknown as KernelExports;
}

function onAbort(): never {
  throw outOfMemory();
}

function outOfMemory(trap?: unknown): KernelError {
  return new KernelError('out-of-memory', 'the kernels used up their linear memory', undefined, trap);
}

/** Runs a kernel, giving its trap a name. */
export function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw named(error);
  }
}

/** What a kernel threw: it says `unreachable` of nothing but a memory that cannot grow. Any other trap is a fault of ours. */
export function named(error: unknown): unknown {
  return error instanceof wasm.RuntimeError && error.message === 'unreachable' ? outOfMemory(error) : error;
}
