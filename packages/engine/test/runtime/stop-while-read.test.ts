import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freeze } from '../../src/commit/freeze.ts';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { findProgram } from '../../src/runtime/oci-runtime.ts';
import { importBusybox } from '../support/busybox.ts';

/** How often this process has the file open. */
function opened(path: string): number {
  const { dev, ino } = statSync(path);
  const files = readdirSync('/proc/self/fd').map((fd) => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false }));
  return files.filter((file) => file?.dev === dev && file.ino === ino).length;
}

it('a stop waits for the commit that reads: what the container writes as it ends is not half of the layer', async () => {
  const work = mkdtempSync(join(tmpdir(), 'mica-stop-'));
  const root = join(work, 'store');
  const engine = new Engine({ root });
  try {
    await importBusybox(engine);
    const ends = 'trap "echo end > /end; exit 3" TERM; : > /ready; while :; do /bin/busybox sleep 0.05; done';
    const command = ['/bin/busybox', 'sh', '-c', ends];
    const id = await engine.containers.create({ image: 'base', name: 'box', command, network: 'none' });
    await engine.containers.start(id);
    const paths = new ContainerPaths(root);
    const { run, state } = paths;
    // Before it has its trap, what is first in a container ignores the signal.
    await expect.poll(() => existsSync(join(paths.part(id, 'upper'), 'ready')), { timeout: 60_000 }).toBe(true);
    const pid = engine.containers.summary(id).pid as number;
    const runtime = { path: findProgram('crun') as string, root: state };
    const frozen = await freeze({ id, name: 'box', pid, by: 'this', run, runtime });
    const stopped = engine.containers.stop(id);
    // The commit holds the lock, the stop asks for it.
    await expect.poll(() => opened(paths.freezing(id)), { timeout: 60_000 }).toBe(2);
    expect(engine.containers.summary(id).exitCode).toBe(null);
    await frozen.thaw();
    await stopped;
    expect(engine.containers.list(true)[0]).toMatchObject({ status: 'exited', exitCode: 3 });
  } finally {
    for (const { id } of engine.containers.list(true)) await engine.containers.remove(id, true);
    engine.close();
    rmSync(work, { recursive: true, force: true });
  }
});
