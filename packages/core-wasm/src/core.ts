import { KernelError } from './error.ts';
import { WasmHash } from './hash/wasm.ts';
import { guarded, instantiate, type KernelExports } from './kernel/instance.ts';
import { DiffResult } from './table/diff-result.ts';
import type { EntryTable } from './table/entry-table.ts';
import { LinearTable } from './table/linear-table.ts';
import { TableBuilder } from './table/table-builder.ts';
import { loadTable, TarPacker } from './tar/packer.ts';
import { type ScanLimits, TarScanner } from './tar/scanner.ts';

/** A block of bytes that a kernel copies in, or a table that is there already. */
type AnyTable = EntryTable | LinearTable;

const none: readonly number[] = [];

/** Numbers of a diff's rows (16 MiB: of a tree of a million) that are kept for the next one. */
const LARGE_ROWS = 1 << 22;

/**
 * One instance of the kernels with linear memory of its own; a worker owns one. Kernels take tables
 * and give tables; a builder or packer gives its memory back in the reverse order of its making
 * (finish or close the inner one first). A scanner's memory goes with {@link Core.scope}.
 */
export class Core {
  readonly #kernel: KernelExports = instantiate();
  #rows = new Int32Array(0);
  /** SHA-256 on this instance: one stream, or many messages at once. */
  readonly hash: WasmHash = new WasmHash(this.#kernel);

  /** Its linear memory as it is now. Where it lies it stays, in a reservation that it grows in, if V8 could have one. */
  get memory(): ArrayBuffer {
    return this.#kernel.memory.buffer;
  }

  /** Gives back, after `run`, whatever memory was taken in it. Not for asynchronous work. */
  scope<T>(run: () => T): T {
    const mark = this.#kernel.mark();
    try {
      return run();
    } finally {
      this.#kernel.release(mark);
    }
  }

  scanTar(limits: ScanLimits = {}): TarScanner {
    return new TarScanner(this.#kernel, limits);
  }
  tableBuilder(): TableBuilder {
    return new TableBuilder(this.#kernel);
  }
  /** Of that table; else it begins with none. */
  packer(table?: EntryTable): TarPacker {
    const packer = new TarPacker(this.#kernel);
    if (table) packer.begin(table);
    return packer;
  }

  /** A table copied into linear memory once, for several kernels to work on. Within a {@link scope}. */
  load(table: EntryTable): LinearTable {
    return new LinearTable(this.#kernel, loadTable(this.#kernel, table));
  }

  /** The bytes of all its files, holes included. */
  fileBytes(table: AnyTable): number {
    return this.scope(() => this.#kernel.fileBytes(this.#addressOf(table)));
  }
  /** The indexes of its files with bytes in them that were changed at `time` or later: milliseconds since the epoch, by ctime. */
  filesSince(table: AnyTable, time: number): readonly number[] {
    const kernel = this.#kernel;
    return this.scope(() => {
      const at = this.#addressOf(table);
      const out = guarded(() => kernel.alloc(table.count * 4));
      const count = kernel.filesSince(at, time, out);
      if (count === 0) return none;
      return [...new Uint32Array(kernel.memory.buffer, out, count)];
    });
  }

  /**
   * What makes `b` out of `a`: only rows that differ. With `sameLayers` two files that come from one
   * layer and one place in it are equal without a look at their bytes. What it gives holds until this
   * instance's next diff, or is copied.
   */
  diff(a: AnyTable, b: AnyTable, options: { sameLayers?: boolean } = {}): DiffResult {
    const kernel = this.#kernel;
    return this.scope(() => {
      const left = this.#addressOf(a);
      const right = this.#addressOf(b);
      const at = guarded(() => kernel.diff(left, right, options.sameLayers ? 1 : 0));
      const count = new DataView(kernel.memory.buffer).getUint32(at, true);
      const rows = new Int32Array(kernel.memory.buffer, at + 4, count * 3);
      return new DiffResult(this.#kept(rows));
    });
  }

  /** Fresh memory for rows takes four times what the diff itself takes: its pages have to be faulted in. */
  #kept(rows: Int32Array): Int32Array {
    if (rows.length > LARGE_ROWS) return rows.slice();
    if (this.#rows.length < rows.length) this.#rows = new Int32Array(rows.length);
    this.#rows.set(rows);
    return this.#rows.subarray(0, rows.length);
  }

  /**
   * The tree that the layers show, bottom first, each entry with the number of its layer
   * (image-spec 1.1.1, layer.md). `keepMarks` makes a layer of it instead: whiteouts and opaque
   * marks stay, for use on top of something lower.
   */
  union(tables: readonly AnyTable[], options: { keepMarks?: boolean } = {}): EntryTable {
    return this.scope(() => this.linearUnion(tables, options).copy());
  }
  /** The same, left in linear memory. Within a {@link scope}. */
  linearUnion(tables: readonly AnyTable[], options: { keepMarks?: boolean } = {}): LinearTable {
    const kernel = this.#kernel;
    const addresses = tables.map((table) => this.#addressOf(table));
    const list = guarded(() => kernel.alloc(4 * tables.length + 4));
    new Uint32Array(kernel.memory.buffer, list, tables.length).set(addresses);
    return new LinearTable(
      kernel,
      guarded(() => kernel.union(list, tables.length, options.keepMarks ? 1 : 0)),
    );
  }

  #addressOf(table: AnyTable): number {
    if (!(table instanceof LinearTable)) return loadTable(this.#kernel, table);
    if (!table.belongsTo(this.#kernel))
      throw new KernelError('invalid-state', 'a table in the linear memory of another Core');
    return table.address;
  }
}
