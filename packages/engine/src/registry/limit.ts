/** At most `limit` at a time, in the order they came. */
export class Limit {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Waits for a place; what it gives makes room for the next, and does nothing when called again. */
  async enter(): Promise<() => void> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    };
  }
}

/** All of them, to their end; then the first failure, if there was one. `stop` is called at the first. */
export async function allOrFirstError<T>(work: readonly Promise<T>[], stop: (why: unknown) => void): Promise<T[]> {
  let failed = false;
  let first: unknown;
  const results = await Promise.allSettled(
    work.map((one) =>
      one.catch((error: unknown) => {
        if (!failed) {
          failed = true;
          first = error;
          stop(error);
        }
        throw error;
      }),
    ),
  );
  if (failed) throw first;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
