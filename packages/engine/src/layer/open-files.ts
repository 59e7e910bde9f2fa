import { constants } from 'node:fs';
import { CALL, CallList, putLong } from '../system/call-list.ts';
import { native } from '../system/library.ts';

const CLOSE = 'int close(int fd)';
// By number, as a C library may have no wrapper: Linux 5.9, the same on every architecture (asm-generic/unistd.h).
const CLOSE_RANGE = 'int syscall(long number, unsigned int first, unsigned int last, unsigned int flags)';
const NR_CLOSE_RANGE = 436;
const O_CLOEXEC = 0o2000000;
const O_NOATIME = 0o1000000;
// What is no plain file by then is not waited for.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | O_NOATIME | O_CLOEXEC;
const DT_REG = 8;
/** EMFILE, ENFILE. */
const SHORT = new Set([24, 23]);

let opens: CallList | undefined;
function makeOpens(): CallList {
  const calls = new CallList('openat', OpenFiles.most);
  calls.fill(2, FLAGS);
  return calls;
}

/**
 * Files that a scan opened to look at them, until those who read them have done so: the kernel walks to each once,
 * instead of three times. A few at a time: when a process has more than 64, 128 or 256 files open for the first time,
 * the kernel waits for all of its threads, 11 ms. Its owner releases them, also when all is over.
 */
export class OpenFiles {
  static readonly most = 32;
  /** Of the names that are looked at what they are, as readdir(3) tells. */
  readonly kinds = new Uint8Array(OpenFiles.most);
  /** The descriptors of the names that are looked at; −1 where one is not open, or an entry's by now. */
  readonly opened = new Int32Array(OpenFiles.most).fill(-1);
  /** The descriptors of the entries from `first` on. */
  readonly #entries = new Int32Array(OpenFiles.most).fill(-1);
  /** Of each call the name. */
  readonly #asked = new Uint8Array(OpenFiles.most);
  #first = 0;
  #count = 0;
  /** There are no descriptors left for it: what comes next is looked at by name. */
  isShort = false;
  // The least descriptor and the largest of those that are open.
  #lowest = 0;
  #highest = 0;

  /** None is open. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /**
   * Opens those of the names in `dirfd` that are plain files, when none is open; `names` is where they are, C strings at
   * those offsets. The entries that come of them are those from `first` on.
   */
  open(dirfd: number, names: number, offsets: Uint32Array, count: number, first: number): void {
    this.release(); // should some still be open: their entries' numbers are others' now
    this.#first = first;
    opens ??= makeOpens();
    const calls = opens;
    const { words } = calls;
    let asked = 0;
    for (let i = 0; i < count; i++) {
      if (this.kinds[i] !== DT_REG) continue;
      const at = asked * CALL.words + CALL.arguments;
      words[at] = dirfd;
      putLong(words, at + 2, names + (offsets[i] as number));
      this.#asked[asked++] = i;
    }
    calls.run(asked);
    let lowest = Number.MAX_SAFE_INTEGER;
    let highest = -1;
    for (let n = 0; n < asked; n++) {
      const fd = calls.result(n);
      if (fd < 0) {
        // What cannot be opened so is looked at, and said, otherwise.
        this.isShort ||= SHORT.has(-fd);
        continue;
      }
      this.opened[this.#asked[n] as number] = fd;
      this.#count++;
      if (fd < lowest) lowest = fd;
      if (fd > highest) highest = fd;
    }
    this.#lowest = lowest;
    this.#highest = highest;
    if (this.isShort) this.release();
  }
  /** The names from `from` to `to` became the entries from `entry` on. */
  enter(from: number, to: number, entry: number): void {
    if (this.#count === 0) return; // they were looked at by their names
    this.#entries.set(this.opened.subarray(from, to), entry - this.#first);
    this.opened.fill(-1, from, to);
  }
  /** Of the entry; −1 where it is not open. */
  of(entry: number): number {
    return this.#entries[entry - this.#first] ?? -1;
  }

  /** Closes all: by one call, as far as their descriptors are a row, which no other thread has taken one of. */
  release(): void {
    if (this.#count === 0) return;
    const isRow = this.#highest - this.#lowest + 1 === this.#count;
    if (!isRow || native(CLOSE_RANGE)(NR_CLOSE_RANGE, this.#lowest, this.#highest, 0) !== 0) this.#closeEach();
    this.opened.fill(-1);
    this.#entries.fill(-1);
    this.#count = 0;
  }

  #closeEach(): void {
    const close = native(CLOSE);
    for (const fds of [this.opened, this.#entries]) for (const fd of fds) if (fd >= 0) close(fd);
  }
}
