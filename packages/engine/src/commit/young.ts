import { closeSync, readSync } from 'node:fs';
import type { Core, EntryTable, TablePart } from '@mica/core-wasm';
import { nativeHash } from '../hash/openssl-hash.ts';
import { openBeneath, openDirectory } from '../system/beneath.ts';
import type { PackOptions } from './packing.ts';

/** SHA-256 by index in a scan's table. */
export type YoungDigests = Readonly<Record<number, string>>;

/**
 * A file whose change time is this close to the scan may be written again within the same tick of the
 * kernel's clock and look unchanged; git calls it racy. Two ticks at 100 Hz.
 */
const TICKS_MS = 20;

/** Indexes of the files too young for their times to be trusted later; `since` is when the scan began, milliseconds. */
export function youngFiles(core: Core, table: EntryTable | TablePart, since: number): readonly number[] {
  return core.filesSince(table, since - TICKS_MS);
}

/** Digests of single files of an upper: read when asked, or picked up while a layer is packed. */
export class YoungReader {
  readonly #upper: string;
  readonly #tableOf: () => EntryTable;
  readonly #known = new Map<number, string>();
  readonly #young = new Set<number>();

  /** `tableOf`: the scan's table, once it is there. */
  constructor(upper: string, tableOf: () => EntryTable) {
    this.#upper = upper;
    this.#tableOf = tableOf;
  }

  /** Of the file as it is now. */
  digest(index: number): string {
    const known = this.#known.get(index);
    if (known !== undefined) return known;
    const hasher = nativeHash().create();
    const buffer = new Uint8Array(1 << 18);
    const root = openDirectory(this.#upper);
    try {
      const fd = openBeneath(root, Buffer.concat([this.#tableOf().pathBytes(index), Buffer.alloc(1)]));
      try {
        for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) hasher.update(buffer.subarray(0, n));
      } finally {
        closeSync(fd);
      }
    } finally {
      closeSync(root);
    }
    return this.#put(index, hasher.digest());
  }

  /** These are young, from `first` on in the table. */
  add(indexes: Iterable<number>, first = 0): void {
    for (const index of indexes) this.#young.add(first + index);
  }

  /** Watches a packing for the bytes of those that are young: of the table, or of `packed`, which has some of its entries. */
  watch(packed?: EntryTable): NonNullable<PackOptions['watch']> {
    const young = this.#young;
    return (at) => {
      if (young.size === 0) return null;
      const index = packed ? this.#tableOf().find(packed.pathBytes(at)) : at;
      return young.has(index) ? this.#watched(index) : null;
    };
  }

  #watched(index: number): { update(bytes: Uint8Array): void; done(): void } {
    const hasher = nativeHash().create();
    return { update: (bytes) => hasher.update(bytes), done: () => this.#put(index, hasher.digest()) };
  }

  /** Of all that are young: those that were not packed were found to be the same, so their digests are known. */
  digests(): YoungDigests {
    return Object.fromEntries([...this.#young].map((index) => [index, this.digest(index)]));
  }

  #put(index: number, digest: Uint8Array): string {
    const hex = Buffer.from(digest).toString('hex');
    this.#known.set(index, hex);
    return hex;
  }
}
