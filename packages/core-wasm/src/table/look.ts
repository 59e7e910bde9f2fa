import { guarded, type KernelExports } from '../kernel/instance.ts';

/** Names of a directory that are asked about together. */
export const LOOK = 128;
const STATX = 256; // bytes of struct statx
const NAMES = LOOK * 256; // of 255 bytes and a NUL
// As assembly/table/look.ts has them, behind the structs.
const NAMES_AT = LOOK * STATX;
const OFFSETS_AT = NAMES_AT + NAMES;
const PLAIN_AT = OFFSETS_AT + LOOK * 4;
const BYTES = PLAIN_AT + LOOK;

/**
 * What is known of up to {@link LOOK} names of one directory, in linear memory: the names as C strings, a struct statx
 * of each, and whether it is `plain`, without extended attributes. A table builder makes records of it.
 */
export class Look {
  /** Where it is in linear memory. */
  readonly at: number;
  readonly #kernel: KernelExports;
  #memory: ArrayBuffer | undefined;
  #names!: Buffer;
  #stats!: Uint8Array;
  #offsets!: Uint32Array;
  #plain!: Uint8Array;

  constructor(kernel: KernelExports) {
    this.#kernel = kernel;
    this.at = guarded(() => kernel.alloc(BYTES));
  }

  /** Puts the names from `from` on there, as many as there is room for and at most so many; how many. */
  put(names: readonly string[], from: number, most = LOOK): number {
    this.#fresh();
    const end = Math.min(names.length, from + most);
    let at = 0;
    let to = from;
    for (; to < end; to++) {
      const length = (names[to] as string).length + 1;
      if (at + length > NAMES) break; // of some file systems a name is longer than 255 bytes
      this.#offsets[to - from] = at;
      at += length;
    }
    const some = from === 0 && to === names.length ? names : names.slice(from, to);
    // latin1 carries a name's bytes as they are.
    this.#names.write(`${some.join('\0')}\0`, 'latin1');
    this.#plain.fill(0);
    return some.length;
  }

  /** The views hold until something is allocated in linear memory. */
  get names(): Uint8Array {
    this.#fresh();
    return this.#names;
  }
  /** Nothing is known of name `index`. */
  forget(index: number): void {
    this.stats.fill(0, index * STATX, index * STATX + 4); // the mask of what the struct has
  }
  /** Where in {@link names} each begins. */
  get offsets(): Uint32Array {
    this.#fresh();
    return this.#offsets;
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
    this.#memory = buffer as ArrayBuffer;
    this.#stats = new Uint8Array(buffer, this.at, NAMES_AT);
    this.#names = Buffer.from(buffer, this.at + NAMES_AT, NAMES);
    this.#offsets = new Uint32Array(buffer, this.at + OFFSETS_AT, LOOK);
    this.#plain = new Uint8Array(buffer, this.at + PLAIN_AT, LOOK);
  }
}

/** Where the struct of name `index` is. */
export function statOf(look: Look, index: number): number {
  return look.at + index * STATX;
}
