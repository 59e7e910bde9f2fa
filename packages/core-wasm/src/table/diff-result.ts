/** Bits of a change. */
export const ChangeBit = {
  added: 1,
  deleted: 2,
  kind: 4,
  mode: 8,
  owner: 16,
  mtime: 32,
  size: 64,
  link: 128,
  xattr: 256,
  device: 512,
  /** Two files of one size: only their bytes can tell whether they differ. */
  content: 1024,
} as const;

/**
 * Rows of (change bits, index in a or -1, index in b or -1), in tree order. They hold until the next diff of the
 * instance that gave them; who waits in between takes a {@link copy}.
 */
export class DiffResult {
  readonly count: number;
  readonly #rows: Int32Array;

  constructor(rows: Int32Array) {
    this.#rows = rows;
    this.count = rows.length / 3;
  }
  /** The same for as long as it is wanted. */
  copy(): DiffResult {
    return new DiffResult(this.#rows.slice());
  }
  change(row: number): number {
    return this.#rows[row * 3] as number;
  }
  left(row: number): number {
    return this.#rows[row * 3 + 1] as number;
  }
  right(row: number): number {
    return this.#rows[row * 3 + 2] as number;
  }
}
