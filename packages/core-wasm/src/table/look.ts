import { guarded, type KernelExports } from '../kernel/instance.ts';
import type { Listing, Names } from './names.ts';

/** Names of a directory that are asked about together. */
export const LOOK = 128;
const STATX = 256; // bytes of struct statx
// As assembly/table/look.ts has it, behind the structs.
const PLAIN_AT = LOOK * STATX;
const BYTES = PLAIN_AT + LOOK;

/**
 * What is known of up to {@link LOOK} names of one directory, in linear memory: a struct statx of each, and whether it
 * is `plain`, without extended attributes. A table builder makes records of it.
 */
export class Look {
  /** Where it is in linear memory. */
  readonly at: number;
  /** What the names are of. */
  readonly names: Names;
  readonly #kernel: KernelExports;
  #first = 0;
  #count = 0;
  #memory: ArrayBuffer | undefined;
  #stats!: Uint8Array;
  #plain!: Uint8Array;

  constructor(kernel: KernelExports, names: Names) {
    this.#kernel = kernel;
    this.names = names;
    this.at = guarded(() => kernel.alloc(BYTES));
  }

  /** It is of those names of the listing from `from` on, at most so many, and nothing is known of them; how many. */
  take(listing: Listing, from: number, most = LOOK): number {
    this.#first = listing.first + from;
    this.#count = Math.min(listing.count - from, most);
    this.plain.fill(0);
    return this.#count;
  }

  /** Nothing is known of name `index`. */
  forget(index: number): void {
    this.stats.fill(0, index * STATX, index * STATX + 4); // the mask of what the struct has
  }
  /** Where in linear memory {@link offsets} are. */
  get offsetsAt(): number {
    return this.names.at + this.#first * 4;
  }
  /** Where in the bytes of {@link names} each begins. The views hold until something is allocated in linear memory. */
  get offsets(): Uint32Array {
    return this.names.offsets.subarray(this.#first, this.#first + this.#count);
  }
  /** {@link STATX} bytes each. */
  get stats(): Uint8Array {
    this.#fresh();
    return this.#stats;
  }
  /** 1: has no extended attributes; 0: not known. */
  get plain(): Uint8Array {
    this.#fresh();
    return this.#plain;
  }

  #fresh(): void {
    const { buffer } = this.#kernel.memory;
    if (this.#memory === buffer) return;
    this.#memory = buffer;
    this.#stats = new Uint8Array(buffer, this.at, PLAIN_AT);
    this.#plain = new Uint8Array(buffer, this.at + PLAIN_AT, LOOK);
  }
}

/** Where the struct of name `index` is. */
export function statOf(look: Look, index: number): number {
  return look.at + index * STATX;
}
