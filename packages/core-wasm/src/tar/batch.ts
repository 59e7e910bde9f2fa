import { guarded, type KernelExports, named } from '../kernel/instance.ts';

/** Items of one batch. */
const MOST = 64;
/** Room for as many headers of the usual kind, and any one that fits a block or two. */
const AREA = 256 << 10;
// What the kernel tells of an item, in words of 32 bits (assembly/tar/write/batch.ts).
const WORDS = 5;
const W = { item: 0, from: 1, length: 2, size: 3, path: 4 } as const;

/**
 * Some items of a tar that fit into a buffer whole, laid out by one call of the kernel's: five calls for each header,
 * and each path copied by JavaScript, took 13 ms more of the processor for 10,000 files.
 */
export class PackBatch {
  readonly #kernel: KernelExports;
  readonly #at: number;
  #area!: Buffer;
  #words!: Int32Array;
  /** How many items it has. */
  count = 0;

  constructor(kernel: KernelExports) {
    this.#kernel = kernel;
    this.#at = guarded(() => kernel.alloc(AREA));
    this.#fresh();
  }

  /** The items from `from` on of the `order` of `table`: as many as fit into `room` bytes, one more than they need. */
  fill(table: number, order: number, from: number, total: number, room: number, owed: number): void {
    const kernel = this.#kernel;
    try {
      this.count = kernel.packBatch(table, order, from, total, MOST, room, owed, this.#at, AREA);
    } catch (error) {
      throw named(error);
    }
    this.#fresh();
  }

  /** An entry's index, or what else may stand in the packer's order. */
  item(index: number): number {
    return this.#words[index * WORDS + W.item] as number;
  }
  /** The file's bytes, which are the caller's to put behind what {@link copy} puts there. */
  size(index: number): number {
    return this.#words[index * WORDS + W.size] as number;
  }
  /** Where in {@link area} the path of a file with bytes is, as a C string. */
  path(index: number): number {
    return this.#words[index * WORDS + W.path] as number;
  }
  /** Puts what comes before the file's bytes to `target`; how many bytes it is. */
  copy(index: number, target: Uint8Array, at: number): number {
    const word = index * WORDS;
    const from = this.#words[word + W.from] as number;
    const length = this.#words[word + W.length] as number;
    this.#area.copy(target, at, from, from + length);
    return length;
  }
  /** Holds until something is allocated in linear memory; what is in it until the next {@link fill}. */
  get area(): Uint8Array {
    return this.#area;
  }

  #fresh(): void {
    const { buffer } = this.#kernel.memory;
    if (this.#area?.buffer === buffer) return;
    this.#area = Buffer.from(buffer, this.#at, AREA);
    this.#words = new Int32Array(buffer, this.#at, MOST * WORDS);
  }
}
