import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { Store } from '../../src/store/store.ts';
import { FaultRegistry } from './fault-registry.ts';

export const quick = {
  retry: { tries: 2, firstDelayMs: 1, maxDelayMs: 5, maxRetryAfterMs: 2000 },
  timeouts: { connectMs: 20_000, idleMs: 20_000, documentMs: 60_000 },
};

/** For each test of the file a registry with `team/app:1`, a store, and this user's configuration elsewhere. */
export class AccessBench {
  root!: string;
  registry!: FaultRegistry;
  store!: Store;

  constructor() {
    beforeEach(async () => {
      this.root = mkdtempSync(join(tmpdir(), 'mica-access-'));
      vi.stubEnv('DOCKER_CONFIG', join(this.root, 'docker'));
      vi.stubEnv('MICA_REGISTRIES_CONF', join(this.root, 'registries.conf'));
      vi.stubEnv('MICA_CERTS_DIR', join(this.root, 'certs.d'));
      this.registry = await FaultRegistry.start();
      await this.registry.image('1', [[{ name: 'file', body: 'content' }]]);
      this.store = Store.open(join(this.root, 'store'));
    });
    afterEach(async () => {
      this.store.close();
      await this.registry.stop();
      vi.unstubAllEnvs();
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  readonly pull = () => pullImage(this.store, `${this.registry.host}/team/app:1`, quick);
}
