import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerContext } from '../../src/container/context.ts';
import { Store } from '../../src/store/store.ts';

/** A store of a test's own, and what the engine's container parts are given of it. `close` takes all of it away. */
export function ownContext(name: string) {
  const work = mkdtempSync(join(tmpdir(), `mica-${name}-`));
  const store = Store.open(join(work, 'store'));
  const context = new ContainerContext(store, 'auto');
  const close = () => {
    store.close();
    rmSync(context.paths.run, { recursive: true, force: true });
    rmSync(work, { recursive: true, force: true });
  };
  return { store, context, close };
}
