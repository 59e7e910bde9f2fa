import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { cgroupPath, processesOf, readGroup } from '../../src/runtime/cgroup.ts';
import { startBox } from '../support/busybox.ts';

it('a container whose run folder somebody emptied can be ended and removed, its cgroup with it', async () => {
  const work = mkdtempSync(join(tmpdir(), 'mica-lost-'));
  const root = join(work, 'store');
  const engine = new Engine({ root });
  const { run } = new ContainerPaths(root);
  try {
    const id = await startBox(engine);
    const pid = engine.containers.summary(id).pid as number;
    expect(processesOf(cgroupPath(id))).toContain(pid);
    rmSync(run, { recursive: true });
    await engine.containers.remove(id, true);
    // Ended, it is there until whoever became its parent has waited for it.
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
    expect(readGroup(cgroupPath(id), 'pids', 'cgroup.procs')).toBe(null);
    expect(engine.containers.list(true)).toEqual([]);
  } finally {
    engine.close();
    rmSync(run, { recursive: true, force: true });
    rmSync(work, { recursive: true, force: true });
  }
});
