import { afterAll, expect, it, vi } from 'vitest';
import { runMonitor } from '../../src/container/monitor.ts';
import type { ContainerState } from '../../src/container/record.ts';
import { thisProcess } from '../../src/store/files.ts';
import { ownContext } from '../support/container-context.ts';
import { containerRow } from '../support/container-row.ts';

const { store, context, close } = ownContext('monitor');
afterAll(close);

it('a container that was started between its last look and its end keeps the monitor', async () => {
  const list = store.containers.list.bind(store.containers);
  let looks = 0;
  const looking = vi.spyOn(store.containers, 'list').mockImplementation(<T>() => {
    const rows = list<T>();
    if (looks++ === 0) {
      const { pid, start: pidStart } = thisProcess();
      const health = { status: 'starting', failingStreak: 0, log: [] } as const;
      store.containers.insert(containerRow('a'.repeat(64), { status: 'running', pid, pidStart, health }));
    }
    return rows;
  });
  const stop = new AbortController();
  const monitor = runMonitor(context, { untilIdle: true, signal: stop.signal });
  await expect.poll(() => looks, { timeout: 20_000 }).toBeGreaterThan(3);
  stop.abort();
  await monitor;
  looking.mockRestore();
  expect(store.setting('monitor')).toBe(null);
  // With nothing to watch it ends by itself.
  context.update('a'.repeat(64), (state: ContainerState) => ({ ...state, status: 'exited' }));
  await runMonitor(context, { untilIdle: true });
  expect(store.setting('monitor')).toBe(null);
});
