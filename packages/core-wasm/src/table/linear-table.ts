import type { KernelExports } from '../kernel/instance.ts';
import { EntryTable } from './entry-table.ts';
import { H, HEADER_BYTES, LINE_BYTES } from './layout.ts';
import { SortedView } from './sorted-view.ts';
import { sumInKernel } from './sum.ts';

/**
 * A table in its Core's linear memory, for work that goes on there: a union that is only compared, a
 * scan that is only merged. Nothing is copied, and it is gone when the {@link Core.scope} that it was made
 * in ends. A tree of a million entries is 180 MB: copying it out took longer than merging it.
 */
export class LinearTable extends SortedView {
  readonly count: number;
  /** Offset in linear memory: the kernels' only. */
  readonly address: number;
  protected readonly recordsAt: number;
  protected readonly restsAt: number;
  protected readonly heapAt: number;
  readonly #kernel: KernelExports;
  #view: DataView;

  constructor(kernel: KernelExports, address: number) {
    super();
    this.#kernel = kernel;
    this.#view = new DataView(kernel.memory.buffer);
    this.address = address;
    this.count = this.#view.getUint32(address + H.count, true);
    // Modulo 2^32: what they are relative to may lie behind them.
    this.recordsAt = (address + this.#view.getUint32(address + H.records, true)) >>> 0;
    this.restsAt = (address + this.#view.getUint32(address + H.rests, true)) >>> 0;
    this.heapAt = (address + this.#view.getUint32(address + H.heap, true)) >>> 0;
  }

  protected override get view(): DataView {
    if (this.#view.buffer !== this.#kernel.memory.buffer) this.#view = new DataView(this.#kernel.memory.buffer);
    return this.#view;
  }

  belongsTo(kernel: KernelExports): boolean {
    return kernel === this.#kernel;
  }

  /** The same as a block of its own; gaps that a kernel left between records, rests and heap stay behind. `summed`: to be stored. */
  copy(summed = false): EntryTable {
    const { buffer } = this.view;
    const length = this.count * LINE_BYTES;
    const restsAt = HEADER_BYTES + length;
    const heapAt = restsAt + length;
    const heapLength = this.view.getUint32(this.address + H.heapLength, true);
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(heapAt + heapLength).buffer); // not cleared
    bytes.set(new Uint8Array(buffer, this.address, HEADER_BYTES));
    bytes.set(new Uint8Array(buffer, this.recordsAt, length), HEADER_BYTES);
    bytes.set(new Uint8Array(buffer, this.restsAt, length), restsAt);
    bytes.set(new Uint8Array(buffer, this.heapAt, heapLength), heapAt);
    const header = new DataView(bytes.buffer);
    header.setUint32(H.records, HEADER_BYTES, true);
    header.setUint32(H.rests, restsAt, true);
    header.setUint32(H.heap, heapAt, true);
    header.setUint32(H.total, bytes.length, true);
    const places = [
      [this.recordsAt, length],
      [this.restsAt, length],
      [this.heapAt, heapLength],
    ] as const;
    return EntryTable.from(bytes, summed ? sumInKernel(this.#kernel, bytes, places) : undefined);
  }
}
