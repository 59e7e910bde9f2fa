import type { Task } from './contract/task.ts';
import { ImageTraffic } from './engine/image-traffic.ts';
import type { CheckReport } from './upkeep/check.ts';
import { settleAlone, settleBeside } from './upkeep/settle.ts';

export { defaultRoot } from './engine/open-store.ts';

/**
 * Images and containers of one store. Whoever opens it closes it; containers go on without it. What a verb
 * does is loaded when it is called: `ps` would pay 30 ms for archives, commits and trees that it never reads.
 *
 * Its verbs are in `engine/`, by noun, each class on top of the one before: the open store, what containers show,
 * what is done to them, commits, the traffic of images; here is the store's own upkeep.
 */
export class Engine extends ImageTraffic {
  /** {@link settle} for what the kernel has written back by itself, by another process: a command waits for nothing. */
  settleBeside(): void {
    settleBeside(this.store, this.options.self ?? []);
  }
  /** What that process does. */
  settleAlone(): boolean {
    return settleAlone(this.store);
  }
  /** Reads all of the store and says what is damaged. */
  async check(task: Task = {}): Promise<CheckReport> {
    const { checkStore } = await import('./upkeep/check.ts');
    return checkStore(this.store, task);
  }
  /** Removes blobs, unpacked layers and leftovers that nothing refers to; bytes. */
  collect(): number {
    return this.store.collect().reclaimed;
  }
}
