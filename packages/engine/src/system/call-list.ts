import { callCode } from './call-code.ts';
import { addressOf, lastErrno, native } from './library.ts';

/** A call in words of 32 bits: its number, six arguments and what it returned, of two words each, the low one first. */
export const CALL = { words: 16, arguments: 2, result: 14 } as const;

/** By number, as the C library has no wrapper yet: Linux 6.13, the same on every architecture (asm-generic/unistd.h). */
export const NR_LISTXATTRAT = 465;

type Words = Uint32Array<ArrayBuffer>;
interface CallKind {
  readonly prototype: string;
  /** Where the processor's own code is there to make them (call-code.ts). */
  readonly number: number;
  /** By the C library. */
  one(call: ReturnType<typeof native>, words: Words, at: number): number;
}

/** Calls that are made of many files. The kernel takes preadv2's offset in two halves. */
const kinds = {
  openat: {
    prototype: 'int openat(int dirfd, uint64_t path, int flags)',
    number: 257,
    one: (call, words, at) => call(int(words, at), long(words, at + 2), int(words, at + 4)),
  },
  statx: {
    prototype: 'int statx(int dirfd, uint64_t path, int flags, unsigned int mask, uint64_t out)',
    number: 332,
    one: (call, words, at) =>
      call(int(words, at), long(words, at + 2), int(words, at + 4), int(words, at + 6), long(words, at + 8)),
  },
  flistxattr: {
    prototype: 'long flistxattr(int fd, uint64_t list, unsigned long size)',
    number: 196,
    one: (call, words, at) => call(int(words, at), long(words, at + 2), long(words, at + 4)),
  },
  listxattrat: {
    prototype:
      'long syscall(long number, int dirfd, uint64_t path, unsigned int flags, uint64_t list, unsigned long size)',
    number: NR_LISTXATTRAT,
    one: (call, words, at) =>
      call(
        NR_LISTXATTRAT,
        int(words, at),
        long(words, at + 2),
        int(words, at + 4),
        long(words, at + 6),
        long(words, at + 8),
      ),
  },
  preadv2: {
    prototype: 'long preadv2(int fd, uint64_t iov, int count, long offset, int flags)',
    number: 327,
    one: (call, words, at) =>
      call(int(words, at), long(words, at + 2), int(words, at + 4), long(words, at + 6), int(words, at + 10)),
  },
} as const satisfies Record<string, CallKind>;

/**
 * System calls of one kind, made one after the other by one call from JavaScript, where a call of its own is 0.1 us more
 * than the kernel's part, and before V8 has optimised its caller 0.15: four of each of 10,000 files were 6 ms of a commit.
 * Whoever fills in the arguments keeps alive and in place what they point to until {@link run} returns.
 */
export class CallList {
  readonly capacity: number;
  /** {@link CALL}. Arguments stay from run to run. */
  readonly words: Words;
  readonly #at: number;
  readonly #kind: CallKind;
  readonly #code: ((at: number, count: number) => unknown) | null;

  /** `code`: null makes each by the C library. */
  constructor(kind: keyof typeof kinds, capacity: number, code = callCode()) {
    this.#kind = kinds[kind];
    this.#code = code;
    this.capacity = capacity;
    this.words = new Uint32Array(new ArrayBuffer(capacity * CALL.words * 4)); // with a buffer of its own: it stays where it is
    this.#at = addressOf(this.words);
    for (let n = 0; n < capacity; n++) this.words[n * CALL.words] = this.#kind.number;
  }

  /** One argument of all: an integer that is not negative, or an address. */
  fill(argument: number, value: number): void {
    for (let n = 0; n < this.capacity; n++) putLong(this.words, n * CALL.words + CALL.arguments + argument * 2, value);
  }

  /** Makes the first `count`. @throws RangeError */
  run(count: number): void {
    if (!(count >= 0 && count <= this.capacity)) throw new RangeError(`${count} calls in a list for ${this.capacity}`);
    if (this.#code) this.#code(this.#at, count);
    else for (let n = 0; n < count; n++) this.#one(n * CALL.words);
  }

  /** What the call of that number returned, or the errno negated. */
  result(n: number): number {
    return (this.words[n * CALL.words + CALL.result] as number) | 0;
  }

  #one(at: number): void {
    const { prototype, one } = this.#kind;
    const result = one(native(prototype), this.words, at + CALL.arguments);
    this.words[at + CALL.result] = result === -1 ? -lastErrno() : result;
  }
}

/** In two words, low one first. What is stored is taken modulo 2^32, fractions off: a number made for either is garbage. */
export function putLong(words: Uint32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = value / 2 ** 32;
}

const int = (words: Words, at: number) => (words[at] as number) | 0;
const long = (words: Words, at: number) => (words[at] as number) + (words[at + 1] as number) * 2 ** 32;
