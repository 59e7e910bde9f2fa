import { KernelError } from '../error.ts';
import { H, HEADER_BYTES, LINE_BYTES, MAGIC, R, VERSION } from './layout.ts';
import { SortedView } from './sorted-view.ts';
import { sumOf } from './sum.ts';

/**
 * A layer, a tree or an image as sorted entries: an immutable view over one block of bytes that may
 * be stored, mapped into a kernel, or handed to a worker as it is.
 *
 * Order is tree order: path bytes with '/' below every other byte. So parents precede children, and
 * the subtree of a directory is one contiguous run of indexes.
 */
export class EntryTable extends SortedView {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  protected readonly view: DataView;
  protected readonly recordsAt: number;
  protected readonly restsAt: number;
  /** Where the heap begins in {@link bytes}. */
  readonly heapAt: number;
  readonly #sum: number | undefined;

  private constructor(bytes: Uint8Array<ArrayBuffer>, sum?: number) {
    super();
    this.bytes = bytes;
    this.#sum = sum;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = this.view.getUint32(H.count, true);
    this.recordsAt = this.view.getUint32(H.records, true);
    this.restsAt = this.view.getUint32(H.rests, true);
    this.heapAt = this.view.getUint32(H.heap, true);
  }

  /** Takes the bytes over; their `sum`, if it is known. Throws `invalid-archive` if they are no table or reach outside themselves. */
  static from(bytes: Uint8Array<ArrayBuffer>, sum?: number): EntryTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole =
      bytes.byteLength >= HEADER_BYTES &&
      view.getUint32(H.magic, true) === MAGIC &&
      view.getUint32(H.version, true) === VERSION &&
      view.getUint32(H.total, true) === bytes.byteLength &&
      view.getUint32(H.records, true) === HEADER_BYTES &&
      view.getUint32(H.rests, true) === HEADER_BYTES + view.getUint32(H.count, true) * LINE_BYTES &&
      view.getUint32(H.heap, true) === HEADER_BYTES + view.getUint32(H.count, true) * LINE_BYTES * 2 &&
      view.getUint32(H.heap, true) + view.getUint32(H.heapLength, true) === bytes.byteLength;
    if (!whole) throw new KernelError('invalid-archive', 'not an entry table, or a damaged one');
    return new EntryTable(bytes, sum);
  }

  /** Whether bytes that begin so are a table as another version of Mica lays it out. */
  static isForeign(header: Uint8Array): boolean {
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    if (header.byteLength < HEADER_BYTES || view.getUint32(H.magic, true) !== MAGIC) return false;
    return view.getUint32(H.version, true) !== VERSION;
  }

  /** Of its bytes, as {@link sumOf} has it. */
  get sum(): number {
    return this.#sum ?? sumOf(this.bytes);
  }

  /** Where an entry's record and its rest begin in {@link bytes}, {@link LINE_BYTES} each: for who copies or changes them. */
  placeOf(index: number): readonly [record: number, rest: number] {
    return [this.at(index), this.rest(index)];
  }
  /** Where an entry's path begins in {@link bytes}: for a caller that copies it and wants no view. */
  pathAt(index: number): number {
    return this.heapAt + this.view.getUint32(this.at(index) + R.pathOffset, true);
  }
  pathLength(index: number): number {
    return this.view.getUint32(this.at(index) + R.pathLength, true);
  }

  /**
   * Gives the bytes' memory back now; the table, and every view of its bytes, is not to be used again. Optional:
   * the collector does it too, but not before some 20 MiB wait for it in each thread. Idempotent.
   */
  [Symbol.dispose](): void {
    const { buffer } = this.bytes;
    if (!buffer.detached) buffer.transfer(0);
  }
}
