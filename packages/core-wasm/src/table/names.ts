import { guarded, type KernelExports } from '../kernel/instance.ts';

const AREA = 1 << 16;
/** What a read of names is given at least: far more than the longest record. */
const READ = 1 << 15;

// struct linux_dirent64: u64 d_ino, i64 d_off, u16 d_reclen, u8 d_type, and the name up to a NUL.
const LENGTH_AT = 16;
const NAME_AT = 19; // behind the kind
const DT_DIR = 4;
const SMALLEST = 24; // bytes of a record, a multiple of eight
/** What a record takes while it is sorted: its name's offset, and two items of assembly/table/names.ts. */
const SORTING = 4 + 2 * 16;
const ALIGN = 16;

/** The names of one directory, sorted by their bytes. */
export interface Listing {
  readonly count: number;
  /** Of its names the first, as an index of {@link Names.offsets}. */
  readonly first: number;
  /** Where what it takes begins. */
  readonly start: number;
  /** Some of them are character devices, or of a kind that the file system does not tell: whiteouts, maybe. */
  readonly mayHide: boolean;
}

/**
 * The names of the directories on the way down a tree, in linear memory: those of one behind those of the directory
 * that it is in, as getdents64(2) writes them. They stay until they are dropped, the last directory's first; where they
 * lie may move with the next ones that are read.
 */
export class Names {
  readonly #kernel: KernelExports;
  #at: number;
  #capacity = AREA;
  /** Of the directory that is read. */
  #start = 0;
  #end = 0;
  #memory: ArrayBuffer | undefined;
  #bytes!: Buffer;
  #offsets!: Uint32Array;

  constructor(kernel: KernelExports) {
    this.#kernel = kernel;
    this.#at = guarded(() => kernel.alloc(AREA));
  }

  /** Where {@link bytes} begins in linear memory. */
  get at(): number {
    return this.#at;
  }
  /** The whole area. A view, as {@link offsets}: it holds until something is read or allocated in linear memory. */
  get bytes(): Buffer {
    this.#fresh();
    return this.#bytes;
  }
  /** The same area, in words: of a listing, where in {@link bytes} each name begins. Names are C strings. */
  get offsets(): Uint32Array {
    this.#fresh();
    return this.#offsets;
  }

  /** Where in {@link bytes} the next records go. */
  get end(): number {
    return this.#end;
  }
  /** Makes room for records of the directory that is read; bytes from {@link end} on. */
  room(): number {
    this.#reserve(READ);
    return this.#capacity - this.#end;
  }
  /** So many bytes of whole records (struct linux_dirent64) have been put there. */
  took(length: number): void {
    this.#end += length;
  }
  /** Makes a record of a name, a latin1 string of its bytes. */
  put(name: string): void {
    const length = (NAME_AT + name.length + 8) & ~7; // with the NUL
    this.#reserve(length);
    const { bytes } = this;
    bytes.writeUInt16LE(length, this.#end + LENGTH_AT);
    bytes[this.#end + NAME_AT - 1] = 0; // DT_UNKNOWN
    const nameAt = this.#end + NAME_AT;
    bytes[nameAt + bytes.write(name, nameAt, 'latin1')] = 0;
    this.#end += length;
  }

  /** Of a directory whose records are all there; "." and ".." are left out. */
  sort(): Listing {
    const start = this.#start;
    const first = Math.ceil(this.#end / 4);
    this.#reserve(ALIGN + ((this.#end - start) / SMALLEST) * SORTING);
    const found = guarded(() => this.#kernel.namesSort(this.#at, start, this.#end, this.#at + first * 4));
    const count = found & 0x7fffffff;
    this.#start = (first + count) * 4;
    this.#end = this.#start;
    return { count, first, start, mayHide: found < 0 };
  }

  /**
   * So many of the listing's names from `from` on, at most `most`: up to and with the first that is a folder, of which
   * what is in it comes next. `kinds` of them (dirent.h's DT_…) are put in their order.
   */
  upToFolder(listing: Listing, from: number, most: number, kinds: Uint8Array): number {
    const { bytes, offsets } = this;
    const count = Math.min(listing.count - from, most);
    for (let i = 0; i < count; i++) {
      const kind = bytes[(offsets[listing.first + from + i] as number) - 1] as number;
      kinds[i] = kind;
      if (kind === DT_DIR) return i + 1;
    }
    return count;
  }

  /** The last directory's names are needed no more. */
  drop(listing: Listing): void {
    this.#start = listing.start;
    this.#end = listing.start;
  }

  #reserve(room: number): void {
    const need = this.#end + room;
    if (need <= this.#capacity) return;
    let bigger = this.#capacity * 2;
    while (bigger < need) bigger *= 2;
    const kernel = this.#kernel;
    // While one directory is read nothing else is allocated: a large one grows in place.
    if (kernel.mark() === this.#at + this.#capacity) guarded(() => kernel.extend(bigger - this.#capacity));
    else {
      const at = guarded(() => kernel.alloc(bigger));
      new Uint8Array(kernel.memory.buffer).copyWithin(at, this.#at, this.#at + this.#end);
      this.#at = at;
    }
    this.#capacity = bigger;
    this.#memory = undefined;
  }

  #fresh(): void {
    const { buffer } = this.#kernel.memory;
    if (this.#memory === buffer) return;
    this.#memory = buffer;
    this.#bytes = Buffer.from(buffer, this.#at, this.#capacity);
    this.#offsets = new Uint32Array(buffer, this.#at, this.#capacity / 4);
  }
}
