/** Lets signals and other work through every so often: a scan of a million files must hear Ctrl-C. */
export class Breather {
  #last = Date.now();
  get due(): boolean {
    return Date.now() - this.#last > 30;
  }
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // timers/promises would cost its first user 3 ms
    this.#last = Date.now();
  }
}

/** Goes all the steps with a breath in between where it is due; what they end with. */
export async function breathing<T>(steps: Generator<unknown, T>): Promise<T> {
  const breather = new Breather();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (breather.due) await breather.breathe();
  }
}
