import { guarded, type KernelExports, named } from '../kernel/instance.ts';
import type { EntryTable } from '../table/entry-table.ts';
import { PackBatch } from './batch.ts';

/**
 * Tar headers for a table, in linear memory until {@link TarPacker.close}. An item of `order` is an
 * entry's index, or `-1 - index` for the opaque mark of that directory. After the header of a file
 * the caller writes its bytes and {@link padding}; after the last item, {@link trailer}.
 */
export class TarPacker {
  /** Parents first; within a directory its opaque mark and whiteouts before anything else. */
  readonly order: Int32Array;
  readonly #kernel: KernelExports;
  readonly #mark: number;
  readonly #table: number;
  readonly #orderAt: number;
  readonly #batch: PackBatch;
  #headerAt = 0;

  constructor(kernel: KernelExports, table: EntryTable) {
    this.#kernel = kernel;
    this.#mark = kernel.mark();
    this.#table = loadTable(kernel, table);
    const at = guarded(() => kernel.packOrder(this.#table));
    const count = new DataView(kernel.memory.buffer).getUint32(at, true);
    this.#orderAt = at + 4;
    this.order = new Int32Array(kernel.memory.buffer, at + 4, count).slice();
    this.#batch = new PackBatch(kernel);
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
    this.#batch.fill(this.#table, this.#orderAt, from, this.order.length, room, owed);
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
