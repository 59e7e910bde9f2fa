import { guarded, type KernelExports, named } from '../kernel/instance.ts';
import type { EntryTable } from '../table/entry-table.ts';
import { TablePart } from '../table/table-part.ts';
import { PackBatch } from './batch.ts';

/**
 * Tar headers for one table after the other, in linear memory until {@link TarPacker.close}. An item of `order` is an
 * entry's index, or `-1 - index` for the opaque mark of that directory. After the header of a file
 * the caller writes its bytes and {@link padding}; after the last item, {@link trailer}.
 */
export class TarPacker {
  /** Items of the table that was begun. */
  count = 0;
  readonly #kernel: KernelExports;
  readonly #mark: number;
  readonly #batch: PackBatch;
  /** Where what the table takes begins. */
  #begun = 0;
  #table = 0;
  #orderAt = 0;
  #words: Int32Array;
  #headerAt = 0;

  constructor(kernel: KernelExports) {
    this.#kernel = kernel;
    this.#mark = kernel.mark();
    this.#batch = new PackBatch(kernel);
    this.#words = new Int32Array(kernel.memory.buffer);
  }

  /** From now on it is of this table, until {@link end}. */
  begin(table: EntryTable | TablePart): void {
    const kernel = this.#kernel;
    this.#begun = kernel.mark();
    this.#table = table instanceof TablePart ? table.address : loadTable(kernel, table);
    let at: number;
    try {
      at = kernel.packOrder(this.#table);
    } catch (error) {
      throw named(error); // not `guarded`: a closure for each part of a scan
    }
    this.#orderAt = at + 4;
    this.count = this.#fresh()[at / 4] as number;
  }

  /**
   * All items of the table that was begun, in their order: parents first; within a directory its opaque mark and
   * whiteouts before anything else.
   */
  get order(): Int32Array {
    const from = this.#orderAt / 4;
    return this.#fresh().slice(from, from + this.count);
  }
  /** That at `index` in it. */
  item(index: number): number {
    return this.#fresh()[this.#orderAt / 4 + index] as number;
  }

  /** Gives back what the table took. */
  end(): void {
    this.#kernel.release(this.#begun);
  }

  /** The header blocks of one item: a view that holds until the next call. */
  header(item: number): Uint8Array {
    const length = this.#pack(item);
    return new Uint8Array(this.#kernel.memory.buffer, this.#headerAt, length);
  }

  /**
   * The items of {@link order} from `from` on, as many as fit into `room` bytes and one more, their files' bytes
   * included, after `owed` zeros: none where the next one does not. It holds until the next call.
   */
  batch(from: number, room: number, owed: number): PackBatch {
    this.#batch.fill(this.#table, this.#orderAt, from, this.count, room, owed);
    return this.#batch;
  }

  #pack(item: number): number {
    const kernel = this.#kernel;
    const mark = kernel.mark();
    const bound = kernel.headerBound(this.#table, item < 0 ? -1 - item : item);
    try {
      this.#headerAt = kernel.alloc(bound + 8192);
    } catch (error) {
      throw named(error);
    }
    const length = kernel.packHeader(this.#table, item, this.#headerAt);
    kernel.release(mark);
    return length;
  }

  #fresh(): Int32Array {
    const { buffer } = this.#kernel.memory;
    if (this.#words.buffer !== buffer) this.#words = new Int32Array(buffer);
    return this.#words;
  }

  close(): void {
    this.#kernel.release(this.#mark);
  }
}

/** Zero bytes after `size` bytes of data, up to the next block. */
export function padding(size: number): number {
  return (512 - (size % 512)) % 512;
}

/** Two zero blocks end an archive. */
export const trailer: Uint8Array = new Uint8Array(1024);

/** Copies a table into linear memory; its address. */
export function loadTable(kernel: KernelExports, table: EntryTable): number {
  const at = guarded(() => kernel.alloc(table.bytes.length));
  new Uint8Array(kernel.memory.buffer, at, table.bytes.length).set(table.bytes);
  return at;
}
