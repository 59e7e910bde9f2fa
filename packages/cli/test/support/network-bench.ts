import { existsSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import { MicaBench } from './mica.ts';
import { answering, Footprint, listens, seedNetworkImage } from './network.ts';
import { patience } from './store.ts';

const STORE = 'store';

/** A store with `net:1`, and what it has on the machine; {@link clear} after each test, {@link close} at the end. */
export class NetworkBench {
  readonly #bench = new MicaBench();
  readonly at = new Footprint(this.#bench, STORE);
  readonly dir = this.#bench.dir;

  readonly ok = (...args: string[]) => this.#bench.ok(STORE, args).trim();
  readonly run = (...args: string[]) => this.#bench.run(STORE, args);
  /** With these variables besides. */
  readonly runIn = (env: Readonly<Record<string, string>>, ...args: string[]) => {
    Object.assign(this.#bench.env, env);
    try {
      return this.run(...args);
    } finally {
      for (const name of Object.keys(env)) delete this.#bench.env[name];
    }
  };
  /** As {@link ok}, in this process. */
  readonly okHere = async (...args: string[]) => (await this.#bench.okHere(STORE, args)).trim();
  /** As {@link run}, in this process. */
  readonly here = (...args: string[]) => this.#bench.here(STORE, args);
  /** A container that answers on port 80, once it does. */
  readonly serve = async (text: string, ...flags: string[]): Promise<string> => {
    const id = this.ok('run', '-d', ...flags, 'net:1', ...answering(80, text));
    await listens(this.at.pid(id), 80);
    return id;
  };

  async seed(): Promise<void> {
    await seedNetworkImage(this.#bench, STORE);
  }

  /** No container is left, and nothing of it on the machine. */
  async clear(): Promise<void> {
    const ports = this.at.ports();
    await this.#bench.removeContainers(STORE);
    await this.here('network', 'prune', '-f');
    expect(existsSync(`/sys/class/net/${this.at.bridge}`)).toBe(false);
    expect(this.at.hasTable()).toBe(false);
    // The kernel takes a namespace apart a moment after its last process.
    await expect.poll(() => ports.filter((name) => existsSync(`/sys/class/net/${name}`)), patience).toEqual([]);
  }

  close(): void {
    rmSync(this.at.run, { recursive: true, force: true });
    this.#bench.close();
  }
}
