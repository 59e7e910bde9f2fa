import type { Core, EntryTable, TablePart, TarPacker } from '@mica/core-wasm';
import { OpenFiles } from '../layer/open-files.ts';
import { Scan } from '../layer/scan.ts';
import type { StopSignal } from '../pool/stop.ts';

/** Entries of a part at least, where no file is open for it. */
const FEW = 64;

/** A whiteout was found where no file system that is known tells of none: what stands before it in a tar was packed already. */
export class OutOfOrder extends Error {}

/**
 * An upper's entries, scanned in parts that can be packed before the next ones are looked at. A file so is opened,
 * looked at and read while the processor still has it at hand. Its owner disposes of it.
 */
export class ScannedParts implements Disposable {
  /** Lays out headers of the parts; below the table in linear memory, so that it goes after it. */
  readonly packer: TarPacker;
  /** Bytes of the files that were found so far. */
  bytes = 0;
  readonly #core: Core;
  readonly #upper: string;
  readonly #scan: Scan;
  /** Those of a part stay open until the next part is asked for. */
  readonly files = new OpenFiles();
  #counted = 0;
  #isOver = false;
  #table: EntryTable | undefined;

  constructor(core: Core, upper: string, signal?: StopSignal) {
    this.#core = core;
    this.#upper = upper;
    this.packer = core.packer();
    this.#scan = new Scan(core.tableBuilder(), { overlay: true, ...(signal ? { signal } : {}) });
  }

  /** Scans until `isEnough` of what was found, looked at in parts, or to the end: then false. In steps, as `scanSteps`. */
  *until(isEnough: (part: TablePart) => boolean): Generator<void, boolean> {
    this.#scan.begin(this.#upper);
    while (this.#step()) {
      if (isEnough(this.#count())) return true;
      yield;
    }
    return false;
  }

  /** The entries in parts, from the first on, null where there is none yet; `onPart` sees each before it is packed. */
  *parts(onPart: (part: TablePart) => void): Generator<TablePart | null, void> {
    const scan = this.#scan;
    const { files } = this;
    scan.files = files;
    let given = 0;
    try {
      do {
        const { settled } = scan;
        if (settled === given || (files.isEmpty && settled - given < FEW && !this.#isOver)) {
          files.release();
          yield null;
          continue;
        }
        const found = this.#count();
        const part = found.first === given && scan.count === settled ? found : scan.part(given, settled);
        given = settled;
        onPart(part);
        yield part;
        files.release();
      } while (this.#step() || given < scan.settled);
    } finally {
      files.release();
    }
    if (this.finish().count !== given || scan.isOutOfOrder) throw new OutOfOrder();
  }

  /** The table of all entries, which ends the scan: once it is over. */
  finish(): EntryTable {
    this.#table ??= this.#scan.finish();
    return this.#table;
  }
  /** `bytes` is all there is. */
  get isOver(): boolean {
    return this.#isOver;
  }

  [Symbol.dispose](): void {
    this.files.release();
    this.#scan.close();
    this.packer.close();
  }

  #step(): boolean {
    this.#isOver ||= !this.#scan.step();
    return !this.#isOver;
  }

  /** What was found since the last time. */
  #count(): TablePart {
    const part = this.#scan.part(this.#counted, this.#scan.count);
    this.bytes += this.#core.fileBytes(part);
    this.#counted += part.count;
    return part;
  }
}
