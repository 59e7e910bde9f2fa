/** What tasks in any thread have done so far, counted in shared memory: no message a buffer. */
export class Tally {
  readonly counts: BigInt64Array<SharedArrayBuffer>;

  constructor(counts = new BigInt64Array(new SharedArrayBuffer(16))) {
    this.counts = counts;
  }
  add(bytes: number, files: number): void {
    Atomics.add(this.counts, 0, BigInt(bytes));
    Atomics.add(this.counts, 1, BigInt(files));
  }
  get bytes(): number {
    return Number(Atomics.load(this.counts, 0));
  }
  get files(): number {
    return Number(Atomics.load(this.counts, 1));
  }
}
