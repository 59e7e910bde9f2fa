import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { Store } from '../../src/store/store.ts';
import { digestOf, type Fault, FaultRegistry, type Request } from './fault-registry.ts';
import type { TarEntry } from './tar.ts';

/** Soon again, but patient: a busy disk or processor can hold up client and server, here one process, for seconds. */
export const quick = {
  retry: { tries: 4, firstDelayMs: 1, maxDelayMs: 5, maxRetryAfterMs: 2000 },
  timeouts: { connectMs: 20_000, idleMs: 20_000, documentMs: 60_000 },
};
/** Large enough that it does not fit the sockets' buffers. */
const twoLayers: readonly (readonly TarEntry[])[] = [
  [{ name: 'base', body: randomBytes(900_000) }],
  [
    { name: 'etc/', type: 'directory' },
    { name: 'etc/second', body: randomBytes(2_500_000) },
  ],
];

/** A registry with an image of some layers, new for each test, and stores that pull it. */
export class FaultBench {
  readonly root: string;
  readonly registry: FaultRegistry;
  readonly image: { layers: Buffer[]; digest: string };

  private constructor(root: string, registry: FaultRegistry, image: { layers: Buffer[]; digest: string }) {
    this.root = root;
    this.registry = registry;
    this.image = image;
  }

  static async start(layers = twoLayers): Promise<FaultBench> {
    const registry = await FaultRegistry.start();
    const root = mkdtempSync(join(tmpdir(), 'mica-faults-'));
    return new FaultBench(root, registry, await registry.image('1', layers));
  }
  async stop(): Promise<void> {
    await this.registry.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  open(name = 'store'): Store {
    return Store.open(join(this.root, name));
  }
  name(tag = '1'): string {
    return `${this.registry.host}/team/app:${tag}`;
  }
  isLayer({ method, path }: Request, at: number): boolean {
    return method === 'GET' && path.endsWith(digestOf(this.image.layers[at] as Buffer));
  }

  async pulls(fault: Fault, store = this.open(), how = quick): Promise<void> {
    this.registry.fault = fault;
    await expect(pullImage(store, this.name(), how)).resolves.toMatchObject({ digest: this.image.digest });
    checkStore(store);
    expect(store.images.lookup(this.name())).not.toBeNull();
    store.close();
  }
  async refuses(fault: Fault, error: object): Promise<void> {
    this.registry.fault = fault;
    const store = this.open();
    await expect(pullImage(store, this.name(), quick)).rejects.toMatchObject({ name: 'MicaError', ...error });
    checkStore(store);
    expect(store.images.all()).toEqual([]);
    store.close();
  }
}

/** Everything that the store holds is what its name says, and nothing is left of what was on the way. */
export function checkStore(store: Store): void {
  for (const { digest } of store.blobs.all()) store.blobs.verify(digest);
  for (const folder of ['blobs/tmp', 'layers'])
    if (existsSync(join(store.root, folder)))
      expect(
        readdirSync(join(store.root, folder)).filter((entry) => entry.startsWith('.tmp') || folder.endsWith('tmp')),
      ).toEqual([]);
}

/** One for each test of the file, away from this user's docker configuration. */
export function faultBench(layers?: readonly (readonly TarEntry[])[]): { readonly now: FaultBench } {
  let now: FaultBench | undefined;
  let configFolder: string | undefined;
  beforeEach(async () => {
    now = await FaultBench.start(layers);
    configFolder = process.env.DOCKER_CONFIG;
    process.env.DOCKER_CONFIG = join(now.root, 'docker');
  });
  afterEach(async () => {
    if (configFolder === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = configFolder;
    await now?.stop();
  });
  return {
    get now(): FaultBench {
      if (now === undefined) throw new Error('only inside a test');
      return now;
    },
  };
}
