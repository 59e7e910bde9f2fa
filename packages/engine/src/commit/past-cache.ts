import { Uncached } from '../system/uncached.ts';

/** By which a layer goes past the page cache, from so many bytes of its files on: of one that is packed as it is scanned they grow. */
export class PastCache {
  readonly #source: { readonly bytes: number };
  readonly #from: number;
  /** Undefined: not asked for yet; null: not to be had. */
  #uncached: Uncached | null | undefined;

  constructor(source: { readonly bytes: number }, from: number) {
    this.#source = source;
    this.#from = from;
  }

  get uncached(): Uncached | null {
    if (this.#uncached === undefined && this.#source.bytes >= this.#from) this.#uncached = Uncached.open();
    return this.#uncached ?? null;
  }
}
