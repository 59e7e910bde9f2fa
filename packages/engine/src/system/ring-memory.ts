import { native, viewOf } from './library.ts';

const SYSCALL_SETUP = 'long syscall(long number, unsigned int entries, void *params)';
const SYSCALL_REGISTER = 'long syscall(long number, int fd, unsigned int what, const void *with, unsigned int count)';
const MMAP = 'void *mmap(void *at, unsigned long size, int protection, int flags, int fd, long offset)';
const MUNMAP = 'int munmap(void *at, unsigned long size)';
const CLOSE = 'int close(int fd)';
// By number, as the C library has no wrappers: the same on every architecture (asm-generic/unistd.h).
const NR = { setup: 425, register: 427 } as const;

// linux/io_uring.h
const FEATURES = 1 | (1 << 11); // one mmap for both rings; completions that are told only of failures (Linux 5.17)
const REGISTER_FILES = 2;
const OFFSET_SQES = 0x10000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;
const MAP_FAILED = 2n ** 64n - 1n;
/** struct io_uring_sqe, in words of 32 bits. */
export const SQE_WORDS = 16;

/** What this process shares with the kernel to give it work by io_uring(7): both rings and the entries. Its owner closes it. */
export class RingMemory {
  readonly fd: number;
  readonly at: Offsets;
  readonly ring: Uint32Array;
  readonly sqes: Uint32Array;
  readonly #mappings: readonly [Mapping, Mapping];

  private constructor(fd: number, at: Offsets, mappings: readonly [Mapping, Mapping]) {
    this.fd = fd;
    this.at = at;
    this.#mappings = mappings;
    const [rings, entries] = mappings;
    this.ring = wordsOf(rings);
    this.sqes = wordsOf(entries);
  }

  /** For as many steps at a time, with a table of the ring's own for as many open files. Null where it cannot be had. */
  static open(steps: number, files: number): RingMemory | null {
    const params = new Uint32Array(30);
    const fd = native(SYSCALL_SETUP)(NR.setup, steps, params);
    if (fd < 0) return null;
    const none = new Int32Array(files).fill(-1);
    const usable =
      ((params[5] as number) & FEATURES) === FEATURES &&
      native(SYSCALL_REGISTER)(NR.register, fd, REGISTER_FILES, none, files) === 0;
    const at = offsets(params);
    const rings = usable ? map(fd, at.size, 0) : null;
    const entries = rings && map(fd, steps * SQE_WORDS * 4, OFFSET_SQES);
    if (rings && entries) return new RingMemory(fd, at, [rings, entries]);
    if (rings) unmap(rings);
    native(CLOSE)(fd);
    return null;
  }

  /** Nothing of it may be touched after that. */
  close(): void {
    this.#mappings.forEach(unmap);
    native(CLOSE)(this.fd);
  }
}

/** Where things lie in the ring's memory, as indexes of 32-bit words; `size` in bytes. */
export interface Offsets {
  readonly sqTail: number;
  readonly sqMask: number;
  readonly sqArray: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cqMask: number;
  readonly cqes: number;
  readonly size: number;
}

/** From a filled struct io_uring_params: sq_off begins at its tenth word, cq_off at its twentieth. */
function offsets(params: Uint32Array): Offsets {
  const at = (word: number) => params[word] as number;
  return {
    sqTail: at(11) / 4,
    sqMask: at(12) / 4,
    sqArray: at(16) / 4,
    cqHead: at(20) / 4,
    cqTail: at(21) / 4,
    cqMask: at(22) / 4,
    cqes: at(25) / 4,
    size: Math.max(at(16) + at(0) * 4, at(25) + at(1) * 16),
  };
}

/** A part of the ring's memory: where it is, and how long. */
interface Mapping {
  readonly at: unknown;
  readonly size: number;
}

/** Null where memory or the process's limit of it (RLIMIT_AS) is short. */
function map(fd: number, size: number, offset: number): Mapping | null {
  const at: unknown = native(MMAP)(null, size, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, offset);
  return at === MAP_FAILED ? null : { at, size };
}

function unmap({ at, size }: Mapping): void {
  native(MUNMAP)(at, size);
}

function wordsOf({ at, size }: Mapping): Uint32Array {
  return new Uint32Array(viewOf(at, size));
}
