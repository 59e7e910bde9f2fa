/** Of so many measured uses of the faster way one is of the other: it may have become the faster one. */
const ASK_AGAIN = 24;
/** At most: one use that was interrupted says nothing yet. */
const RISE = 1.05;

/**
 * Which of two ways to the same result is the faster one now. Whoever has the other half of this core decides that,
 * and comes and goes within seconds, so each use is measured.
 */
export class Pace {
  /** Milliseconds a byte of either way, as far as is known; 0 before. */
  readonly #cost: [number, number] = [0, 0];
  #uses = 0;

  /** Goes that way, which is to take `bytes` bytes in. */
  run(bytes: number, go: (way: 0 | 1) => void): void {
    const way = this.#choose();
    const begun = performance.now();
    go(way);
    const cost = Math.max(performance.now() - begun, 1e-6) / bytes;
    const known = this.#cost[way];
    this.#cost[way] = known === 0 ? cost : Math.min(cost, known * RISE);
  }

  #choose(): 0 | 1 {
    const [zero, one] = this.#cost;
    const zeroIsFaster = zero !== 0 && zero < one;
    const asked = ++this.#uses % ASK_AGAIN === 0;
    return zeroIsFaster === asked ? 1 : 0;
  }
}
