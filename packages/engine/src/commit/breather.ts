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
