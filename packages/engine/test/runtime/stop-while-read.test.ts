import { closeSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FreezeTarget, freeze } from '../../src/commit/freeze.ts';
import { Held, nothingHeld } from '../../src/commit/freeze-note.ts';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { cgroupPath } from '../../src/runtime/cgroup.ts';
import { findProgram } from '../../src/runtime/oci-runtime.ts';
import { processStart } from '../../src/store/files.ts';
import { importBusybox } from '../support/busybox.ts';

/** How often this process has the file open. */
function opened(path: string): number {
  const { dev, ino } = statSync(path);
  const files = readdirSync('/proc/self/fd').map((fd) => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false }));
  return files.filter((file) => file?.dev === dev && file.ino === ino).length;
}

const ends = 'trap "echo end > /end; exit 3" TERM; : > /ready; while :; do /bin/busybox sleep 0.05; done';
const command = ['/bin/busybox', 'sh', '-c', ends];

let work: string;
let engine: Engine;
let paths: ContainerPaths;
let id: string;
beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'mica-stop-'));
  const root = join(work, 'store');
  engine = new Engine({ root });
  paths = new ContainerPaths(root);
  await importBusybox(engine);
  id = await engine.containers.create({ image: 'base', name: 'box', command, network: 'none' });
  await engine.containers.start(id);
  // Before it has its trap, what is first in a container ignores the signal.
  await expect.poll(() => existsSync(join(paths.part(id, 'upper'), 'ready')), { timeout: 60_000 }).toBe(true);
});
afterEach(async () => {
  for (const { id } of engine.containers.list(true)) await engine.containers.remove(id, true);
  engine.close();
  rmSync(work, { recursive: true, force: true });
});

/** As a commit does while it reads. */
function target(): FreezeTarget {
  const { pid } = engine.containers.summary(id);
  return {
    id,
    name: 'box',
    pauses: true,
    group: cgroupPath(id),
    pid,
    pidStart: pid === null ? null : (processStart(pid) ?? null),
    by: 'this',
    run: paths.run,
    lock: paths.lock(id),
    held: nothingHeld(),
    runtime: { path: findProgram('crun') as string, root: paths.state },
  };
}
const frozen = () => freeze(target());

/** The commit holds the lock, `other` asks for it. */
async function waits(other: Promise<unknown>): Promise<void> {
  let isOver = false;
  void other.finally(() => {
    isOver = true;
  });
  await expect.poll(() => opened(paths.freezing(id)), { timeout: 60_000 }).toBe(2);
  expect(isOver).toBe(false);
}

it('a stop waits for the commit that reads: what the container writes as it ends is not half of the layer', async () => {
  const reading = await frozen();
  const stopped = engine.containers.stop(id);
  await waits(stopped);
  expect(engine.containers.summary(id).exitCode).toBe(null);
  await reading.thaw();
  await stopped;
  expect(engine.containers.list(true)[0]).toMatchObject({ status: 'exited', exitCode: 3 });
});

it('so does an exec: nobody paused it, and it goes on by itself', async () => {
  const reading = await frozen();
  const done = engine.containers.execDetached(id, { command: ['/bin/busybox', 'touch', '/done'] });
  await waits(done);
  await reading.thaw();
  await done;
  await expect.poll(() => existsSync(join(paths.part(id, 'upper'), 'done')), { timeout: 60_000 }).toBe(true);
});

it('and so does who lets it go on that was paused before', async () => {
  await engine.containers.pause(id);
  const reading = await frozen();
  const goesOn = engine.containers.unpause(id);
  await waits(goesOn);
  expect(engine.containers.summary(id).status).toBe('paused');
  expect(await reading.thaw()).toBe(0);
  await goesOn;
  expect(engine.containers.summary(id).status).toBe('running');
});

it('an exec that waited for a commit that was killed lets the container go on, which nobody else would', async () => {
  const killed = target();
  await freeze(killed);
  const done = engine.containers.execDetached(id, { command: ['/bin/busybox', 'touch', '/done'] });
  await waits(done);
  for (const which of [Held.note, Held.upper]) closeSync(killed.held[which] as number); // as its end does
  await done;
  expect(engine.containers.summary(id).status).toBe('running');
});

it('who attaches to what somebody paused is told so, also while a commit reads it', async () => {
  await engine.containers.pause(id);
  const reading = await frozen();
  const refused = expect.objectContaining({ code: 'conflict', message: expect.stringMatching(/paused/) });
  expect(() => engine.containers.attach(id)).toThrow(refused);
  await expect(engine.containers.execDetached(id, { command: ['/bin/busybox', 'true'] })).rejects.toEqual(refused);
  await reading.thaw();
});

it('one that has ended is stopped, whoever reads it', { timeout: 9_000 }, async () => {
  await engine.containers.kill(id, 'KILL');
  await engine.containers.wait(id);
  const reading = await frozen();
  await engine.containers.stop(id);
  await reading.thaw();
});
