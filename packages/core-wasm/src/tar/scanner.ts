import { KernelError, type KernelErrorCode } from '../error.ts';
import { guarded, type KernelExports } from '../kernel/instance.ts';
import type { EntryTable } from '../table/entry-table.ts';
import { LinearTable } from '../table/linear-table.ts';
import { RecordView } from '../table/record-view.ts';

/** Called in the order of the archive. `index` numbers entries as they come; bytes hold during the call only. */
export interface TarSink {
  /** A header was read: its attributes are {@link TarScanner.entries} at `index`. */
  entry(index: number): void;
  /** Bytes of a file, at `offset` in it: a sparse file's holes are skipped. */
  data(index: number, offset: number, bytes: Uint8Array): void;
  /** All of an entry's bytes have come. */
  done(index: number): void;
}

export interface ScanLimits {
  /** Bytes of one extended header, and of all global ones together. */
  readonly maxMeta?: number;
  readonly maxEntries?: number;
  /** Bytes of one file, holes included. */
  readonly maxFileSize?: number;
}

const CHUNK = 262144; // one copy into linear memory that stays in the second-level cache
const EVENT_BYTES = 32;
const ENTRY = 1;
const DATA = 2;

const failures: Record<number, [KernelErrorCode, string]> = {
  1: ['invalid-archive', 'not a tar header, or its checksum is wrong'],
  2: ['invalid-archive', 'a header field is not a number, or is negative'],
  3: ['invalid-archive', 'the archive is cut off'],
  4: ['invalid-name', "a name leads out of the root ('..') or is empty"],
  5: ['invalid-name', "a whiteout hides nothing, '.' or '..'"],
  6: ['invalid-archive', 'a pax record is malformed'],
  7: ['limit-exceeded', 'the archive exceeds a limit: entries, header size, or file size'],
  8: ['invalid-archive', 'a sparse map contradicts itself'],
  9: ['invalid-archive', 'an entry has an unknown type'],
  10: ['invalid-name', 'symlinks on the way to an entry lead in a circle'],
  11: ['invalid-archive', 'a device number is out of range'],
  12: ['limit-exceeded', 'a path is longer than 4,095 bytes'],
  13: ['invalid-archive', 'a link has no target'],
  14: ['invalid-name', 'a symlink on the way to an entry leads above the root'],
};

/**
 * Reads a tar that arrives in chunks of any size. One scanner, one archive: `push` until the input
 * ends, then `end`, then `table`. The scanner owns its part of linear memory until its Core goes.
 */
export class TarScanner {
  /** Entries in archive order, as far as they have come. */
  readonly entries: RecordView;
  readonly #kernel: KernelExports;
  readonly #scanner: number;
  readonly #buffer: number;
  readonly #stream: StreamView;

  constructor(kernel: KernelExports, limits: ScanLimits) {
    this.#kernel = kernel;
    this.#scanner = guarded(() =>
      kernel.scannerNew(
        limits.maxMeta ?? 1 << 20,
        limits.maxEntries ?? 20_000_000,
        BigInt(limits.maxFileSize ?? 2 ** 43),
      ),
    );
    this.#buffer = guarded(() => kernel.alloc(CHUNK));
    this.#stream = new StreamView(kernel, this.#scanner);
    this.entries = this.#stream;
  }

  /** Entries seen so far. */
  get count(): number {
    return this.#kernel.builderCount(this.#kernel.scannerBuilder(this.#scanner));
  }

  push(chunk: Uint8Array, sink?: TarSink): void {
    // What follows the end is nobody's: not copied, not looked at.
    for (let at = 0; at < chunk.length && !this.#kernel.scannerEnded(this.#scanner); at += CHUNK)
      this.#part(chunk.subarray(at, at + CHUNK), sink);
  }

  #part(part: Uint8Array, sink: TarSink | undefined): void {
    const kernel = this.#kernel;
    new Uint8Array(kernel.memory.buffer, this.#buffer, part.length).set(part);
    let taken = 0;
    while (taken < part.length) {
      const base = taken;
      taken += guarded(() => kernel.scannerPush(this.#scanner, this.#buffer + base, part.length - base));
      this.#stream.follow();
      if (sink) this.#drain(part.subarray(base), sink);
      this.#check();
    }
  }

  #drain(part: Uint8Array, sink: TarSink): void {
    const kernel = this.#kernel;
    const count = kernel.scannerEventCount(this.#scanner);
    const events = new DataView(kernel.memory.buffer, kernel.scannerEvents(this.#scanner), count * EVENT_BYTES);
    for (let i = 0; i < count; i++) {
      const at = i * EVENT_BYTES;
      const type = events.getUint32(at, true);
      const index = events.getUint32(at + 4, true);
      if (type === ENTRY) sink.entry(index);
      else if (type === DATA) {
        const from = events.getUint32(at + 8, true);
        const length = events.getUint32(at + 12, true);
        sink.data(index, Number(events.getBigUint64(at + 16, true)), part.subarray(from, from + length));
      } else sink.done(index);
    }
  }

  #check(): void {
    const error = this.#kernel.scannerError(this.#scanner);
    if (error === 0) return;
    const [code, message] = failures[error] ?? ['invalid-archive', `tar error ${error}`];
    throw new KernelError(code, message, Number(this.#kernel.scannerPosition(this.#scanner)));
  }

  /** Declares the input over. Throws `invalid-archive` if it stopped within an entry. */
  end(): void {
    this.#kernel.scannerEnd(this.#scanner);
    this.#stream.follow();
    this.#check();
  }

  /** The finished layer table; the scanner is spent. */
  table(): EntryTable {
    return this.linearTable().copy();
  }
  /** The same, left in linear memory. */
  linearTable(): LinearTable {
    const kernel = this.#kernel;
    return new LinearTable(
      kernel,
      guarded(() => kernel.builderFinish(kernel.scannerBuilder(this.#scanner))),
    );
  }
}

/**
 * Records in linear memory, which move as they become more: `follow` looks their addresses up again. Once for
 * each chunk: asked for at each field, they were a third of what a small file cost to unpack.
 */
class StreamView extends RecordView {
  readonly #kernel: KernelExports;
  readonly #scanner: number;
  #view: DataView;
  #memory: Uint8Array;
  protected override recordsAt = 0;
  protected override restsAt = 0;
  protected override heapAt = 0;

  constructor(kernel: KernelExports, scanner: number) {
    super();
    this.#kernel = kernel;
    this.#scanner = scanner;
    this.#view = new DataView(kernel.memory.buffer);
    this.#memory = new Uint8Array(kernel.memory.buffer);
    this.follow();
  }

  follow(): void {
    const builder = this.#kernel.scannerBuilder(this.#scanner);
    this.recordsAt = this.#kernel.builderAt(builder, 0);
    this.restsAt = this.recordsAt + this.#kernel.builderBehind(builder);
    this.heapAt = this.#kernel.builderHeap(builder);
  }

  /** Whoever else has a part of this memory may have made it grow: the bytes of before have no length then. */
  protected override get view(): DataView {
    if (this.#memory.length === 0) {
      this.#view = new DataView(this.#kernel.memory.buffer);
      this.#memory = new Uint8Array(this.#kernel.memory.buffer);
    }
    return this.#view;
  }
}
