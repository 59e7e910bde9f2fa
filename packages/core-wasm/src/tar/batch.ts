import { guarded, type KernelExports, named } from '../kernel/instance.ts';

/** Items of one batch. */
const MOST = 64;
/** Room for as many headers of the usual kind, and any one that fits a block or two. */
const AREA = 256 << 10;
/**
 * What is told of an item (assembly/tar/write/batch.ts): its index, or what else may stand in the packer's order; where
 * what comes before the file's bytes is in the area, and how many bytes it is; the file's bytes, which are the caller's
 * to put behind it; where in the area the path of a file with bytes is, as a C string.
 */
export const ITEM = { item: 0, from: 1, length: 2, size: 3, path: 4, words: 5 } as const;

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

  /** Where the headers are, and the paths. Holds until something is allocated in linear memory; what is in it until the next {@link fill}. */
  get area(): Buffer {
    return this.#area;
  }
  /** Of each item {@link ITEM.words} numbers; as long as {@link area}. */
  get items(): Int32Array {
    return this.#words;
  }

  #fresh(): void {
    const { buffer } = this.#kernel.memory;
    if (this.#area?.buffer === buffer) return;
    this.#area = Buffer.from(buffer, this.#at, AREA);
    this.#words = new Int32Array(buffer, this.#at, MOST * ITEM.words);
  }
}
