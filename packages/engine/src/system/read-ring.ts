import { BENEATH } from './beneath.ts';
import { putLong } from './call-list.ts';
import { systemError } from './errno.ts';
import { addressOf, lastErrno, native } from './library.ts';
import { type Offsets, RingMemory, SQE_WORDS } from './ring-memory.ts';

const SYSCALL_ENTER =
  'long syscall(long number, int fd, unsigned int submit, unsigned int wait, unsigned int flags, void *sigmask, unsigned long size)';
const NR_ENTER = 426; // as those of ring-memory.ts

// linux/io_uring.h
const OP = { close: 19, read: 22, openat2: 28 } as const;
const SQE = { fixedFile: 1, link: 4, hardLink: 8, skipSuccess: 64 } as const;
const RWF_NOWAIT = 8;
const GET_EVENTS = 1;

const EINTR = 4;
const EAGAIN = 11;
const EBUSY = 16;
const AGAIN = new Set([EINTR, EAGAIN, EBUSY]);

const FILES = 64;
const STEPS = 3;
const ENTRIES = 256;
/** struct open_how: flags, mode, resolve; 64 bits each. */
const HOW = 24;
const PATHS = 64 << 10;
const LONGEST = 4097;

/**
 * Reads small files, up to 64 at a time: for each a chain of openat2, read and close, all of them in one
 * system call (io_uring(7)). A call of its own from JavaScript costs three to five times what the kernel does
 * in it: ten thousand files of 8 KiB took 240 ms by calls of their own, and take 100 so. The files are opened into
 * a table of the ring's own, so no descriptor is ever this process's. For one thread; its owner closes it.
 */
export class ReadRing {
  readonly #memory: RingMemory;
  readonly #fd: number;
  /** The struct open_how of all, then the paths of one run. */
  readonly #paths = Buffer.alloc(HOW + PATHS);
  readonly #pathsAt: number;
  readonly #sqes: Uint32Array;
  readonly #ring: Uint32Array;
  readonly #at: Offsets;
  readonly #results = new Int32Array(FILES);
  readonly #addresses = new WeakMap<Uint8Array, number>();
  #lastBytes: Uint8Array | undefined;
  #lastAddress = 0;
  #used = HOW;
  #count = 0;

  private constructor(memory: RingMemory) {
    this.#memory = memory;
    this.#fd = memory.fd;
    this.#at = memory.at;
    this.#ring = memory.ring;
    this.#sqes = memory.sqes;
    this.#paths.writeUInt32LE(BENEATH.flags, 0);
    this.#paths.writeUInt32LE(BENEATH.resolve, 16);
    this.#pathsAt = addressOf(this.#paths);
    for (let file = 0; file < FILES; file++) {
      const open = this.#entry(file * STEPS, OP.openat2, SQE.link | SQE.skipSuccess, file);
      putLong(open, 2, this.#pathsAt);
      open[6] = HOW;
      open[11] = file + 1;
      // Hard: that fewer bytes came than were asked for is no reason to leave the file open.
      const read = this.#entry(file * STEPS + 1, OP.read, SQE.hardLink | SQE.fixedFile, file);
      read[1] = file;
      read[2] = read[3] = 0xffffffff;
      // Else a pipe that somebody put in a file's place would be waited for, for ever.
      read[7] = RWF_NOWAIT;
      const close = this.#entry(file * STEPS + 2, OP.close, SQE.skipSuccess, FILES);
      close[11] = file + 1;
    }
  }

  #entry(index: number, op: number, flags: number, user: number): Uint32Array {
    const entry = this.#sqes.subarray(index * SQE_WORDS, (index + 1) * SQE_WORDS);
    entry[0] = op | (flags << 8);
    entry[8] = user;
    return entry;
  }

  /** Null where the kernel has no such rings, or does not let this process have one, or its memory. */
  static open(): ReadRing | null {
    const memory = RingMemory.open(ENTRIES, FILES);
    return memory && new ReadRing(memory);
  }

  get isFull(): boolean {
    return this.#count === FILES || HOW + PATHS - this.#used < LONGEST;
  }

  /** Keeps `length` bytes of `bytes` as the path of the next file to {@link add}, unless it is full; where that lies. */
  keepPath(bytes: Uint8Array, from: number, length: number): number {
    const at = this.#pathsAt + this.#used;
    const paths = this.#paths;
    for (let i = from, end = from + length; i < end; i++) paths[this.#used++] = bytes[i] as number;
    paths[this.#used++] = 0;
    return at;
  }

  /**
   * Up to `length` bytes of the file below `dirfd` whose path is the C string at the address `path` shall be read to
   * `into` from `at` on, by {@link run}: until then neither is to be moved.
   */
  add(dirfd: number, path: number, into: Uint8Array, at: number, length: number): void {
    const file = this.#count++;
    const sqes = this.#sqes;
    const open = file * STEPS * SQE_WORDS;
    sqes[open + 1] = dirfd;
    putLong(sqes, open + 4, path);
    const read = open + SQE_WORDS;
    putLong(sqes, read + 4, this.addressOf(into) + at);
    sqes[read + 6] = length;
  }

  /**
   * Reads what was added, and returns once all of it is done: how many bytes of each, in that order, or the
   * errno negated; EAGAIN where bytes are not in memory, and the disk has to be waited for. The array is
   * overwritten by the next run.
   */
  run(): Int32Array {
    const count = this.#count;
    this.#count = 0;
    this.#used = HOW;
    const ring = this.#ring;
    const { sqTail, sqMask, sqArray, cqHead, cqTail, cqMask, cqes } = this.#at;
    let tail = ring[sqTail] as number;
    const mask = ring[sqMask] as number;
    for (let step = 0; step < count * STEPS; step++) ring[sqArray + ((tail++ >>> 0) & mask)] = step;
    Atomics.store(ring, sqTail, tail);
    let left = count * STEPS;
    let head = ring[cqHead] as number;
    for (let done = 0; done < count; ) {
      const taken = native(SYSCALL_ENTER)(NR_ENTER, this.#fd, left, count - done, GET_EVENTS, null, 0);
      // Interrupted by a signal: what is under way writes to the caller's buffers, so on to its end.
      if (taken >= 0) left -= taken;
      else if (!AGAIN.has(lastErrno())) throw systemError('io_uring_enter', lastErrno());
      for (const to = Atomics.load(ring, cqTail); head !== to; head = (head + 1) >>> 0) {
        const cqe = cqes + (head & (ring[cqMask] as number)) * 4;
        const file = ring[cqe] as number;
        if (file === FILES) continue;
        this.#results[file] = ring[cqe + 2] as number;
        done++;
      }
      Atomics.store(ring, cqHead, head);
    }
    return this.#results.subarray(0, count);
  }

  /** Nothing else may be called after it. */
  close(): void {
    this.#memory.close();
    // Now, not when the collector comes: a batch opens a ring for each container.
    this.#paths.buffer.transfer(0);
  }

  /** Where bytes lie; asked for once of those that were asked for last. */
  addressOf(bytes: Uint8Array): number {
    if (bytes === this.#lastBytes) return this.#lastAddress;
    let address = this.#addresses.get(bytes);
    if (address === undefined) {
      address = addressOf(bytes);
      this.#addresses.set(bytes, address);
    }
    this.#lastBytes = bytes;
    this.#lastAddress = address;
    return address;
  }
}
