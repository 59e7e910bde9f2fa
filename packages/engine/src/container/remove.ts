import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicaError, wrapSystemError } from '../error.ts';
import { isFrozen, removeGroup } from '../runtime/cgroup.ts';
import { readExit } from '../runtime/conmon.ts';
import { damagedContainer } from '../store/container-records.ts';
import { enterPrivateMounts, unmountAll } from '../system/mount.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit } from './events.ts';
import { releaseNetwork } from './network-state.ts';
import { groupOf, resumeIfFrozen } from './pause.ts';
import type { ContainerState } from './record.ts';
import { beingReset, isResetting } from './resetting.ts';
import { reconcile } from './state.ts';
import { requireMade } from './status.ts';
import { kill, settled } from './stop.ts';

/** With `volumes` its anonymous volumes go too, as `--rm` has it. */
export async function removeContainer(
  context: ContainerContext,
  row: Row,
  force: boolean,
  volumes = false,
): Promise<void> {
  context.store.beforeRemoval('containers');
  const unlock = await settled(context, row.id);
  try {
    await remove(context, context.store.containers.get<ContainerState>(row.id) ?? row, force, volumes);
  } finally {
    unlock();
  }
}

async function remove(context: ContainerContext, row: Row, force: boolean, volumes: boolean): Promise<void> {
  const state = reconcile(context, row);
  if (isResetting(state)) throw beingReset(row.name);
  // Whether it runs is not known: what it wrote may be all that is left of it.
  if (state.damaged && !force) throw damagedContainer(row);
  // Half removed by the process that made it, it is that one's to remove again.
  if (!force && row.record.maker?.pid !== process.pid) requireMade(context, row);
  if (state.status === 'running') {
    if (!force) {
      const paused = isFrozen(groupOf(row.id, state));
      throw new MicaError(
        'conflict',
        paused
          ? `cannot remove container "/${row.name}": container is paused and must be unpaused first`
          : `cannot remove container "/${row.name}": container is running: stop the container before removing or force remove`,
        { subject: row.name, hint: `mica rm -f ${row.name} ends and removes it` },
      );
    }
    try {
      await kill(context, row);
    } catch (error) {
      const full = error instanceof MicaError && error.code === 'no-space';
      // A process has the number and the start time that are written down, but no runtime has the container.
      const elsewhere = !existsSync(`${context.paths.state}/${row.id}`);
      if (!full && !elsewhere) throw error;
      if (full) await killUnrecorded(context, row);
    }
  }
  if (state.status !== 'exited' || state.damaged) killStrays(row.id);
  deleteFromRuntime(context, row.id, state);
  forget(context, row.id, volumes);
}

/** Where the disk takes no note of it any more: what the removal frees is room for the next. A start waits for its lock. */
async function killUnrecorded(context: ContainerContext, row: Row): Promise<void> {
  enterPrivateMounts();
  try {
    context.runtimeOf(row.record).run('kill', row.id, 'SIGKILL');
  } catch {
    // it has ended
  }
  resumeIfFrozen(context, row.id, row.record);
  for (let waited = 0; waited < 5000 && readExit(context.paths.exits, row.id) === null; waited += 20) await sleep(20);
}

/** Takes away all that a container has in the store and in the run folder. */
export function forget(context: ContainerContext, id: string, volumes: boolean): void {
  const { paths, store } = context;
  // Mounted in this namespace when this process, or the monitor it descends from, started it; under the
  // other name where a removal by another process was cut off.
  for (const folder of [paths.dir(id), goneOf(paths.dir(id))]) unmountAll(join(folder, 'rootfs'));
  rmSync(paths.bundle(id), { recursive: true, force: true });
  rmSync(`${paths.exits}/${id}`, { force: true });
  rmSync(paths.making(id), { recursive: true, force: true });
  removeFolder(paths.dir(id));
  // Not before: what it writes needs room, on a full disk that which the files had.
  releaseNetwork(context, id);
  const used = store.volumes.usedBy(id);
  const row = store.containers.get<ContainerState>(id);
  store.transaction(() => {
    if (row) emit(context, row, 'destroy');
    store.containers.delete(id);
    // Inside: whoever makes a container writes its row before it needs the folders.
    if (store.containers.isEmpty()) removeRunFolder(paths.run);
  });
  if (volumes) context.volumes.removeAnonymous(used);
  store.reserve.restore();
}

function goneOf(dir: string): string {
  return `${dir}.gone`;
}

/** Under another name first: who is killed here leaves no container that lacks a part and looks whole (shownStatus). */
function removeFolder(dir: string): void {
  const gone = goneOf(dir);
  // Again when it is not empty yet: of --rm, run and the exit command may both be taking it away.
  const remove = () => {
    try {
      rmSync(gone, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    } catch (error) {
      throw wrapSystemError(error, 'remove', gone);
    }
  };
  remove();
  try {
    renameSync(dir, gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  remove();
}

/** With its empty folders, and the sockets that a killed conmon left for a terminal; not with anything else in it. */
function removeRunFolder(run: string): void {
  try {
    for (const name of readdirSync(run))
      if (name.startsWith('conmon-term.')) rmSync(`${run}/${name}`, { force: true });
      else rmdirSync(`${run}/${name}`);
    rmdirSync(run);
  } catch {
    // something is in use, or it was never there
  }
}

/** A killed start may have left a conmon that is still about to create: without it, the runtime's child dies too. */
function killStrays(id: string): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const own = /(^|\/)conmon$/.test(words[0] ?? '') && words[words.indexOf('-c') + 1] === id;
      if (own) process.kill(Number(name), 'SIGKILL');
    } catch {
      // ended meanwhile
    }
  }
}

export function deleteFromRuntime(context: ContainerContext, id: string, state: ContainerState): void {
  if (!existsSync(`${context.paths.state}/${id}`)) {
    removeGroup(groupOf(id, state)); // never created, deleted before, or gone with /run: then its cgroup may still be there
    return;
  }
  enterPrivateMounts();
  try {
    context.runtimeOf(state).run('delete', '--force', id);
  } catch (error) {
    if (!/does not exist|No such file/.test((error as Error).message)) throw error;
  }
}
