import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicaError } from '../error.ts';
import { readExit } from '../runtime/conmon.ts';
import { processStart } from '../store/files.ts';
import type { ContainerContext, Row } from './context.ts';
import { releaseNetwork } from './network-state.ts';
import type { ContainerState } from './record.ts';

/**
 * What is true now, written down when it changed: the store's record against the machine. Reads a few
 * small files; no runtime, no process. A container has ended once conmon left its exit code, or once
 * both it and its conmon are gone (kill -9 of all, or a reboot). Between the end of the process and
 * the exit file lie milliseconds in which only conmon is alive: then it counts as running still.
 */
export function reconcile(context: ContainerContext, row: Row): ContainerState {
  const state = row.record;
  if (state.status !== 'running') return state;
  const { exits } = context.paths;
  let code = readExit(exits, row.id);
  if (code === null) {
    const alive = state.pid !== null && state.pidStart !== null && processStart(state.pid) === state.pidStart;
    if (alive || conmonAlive(context, row.id)) return state;
    code = readExit(exits, row.id); // it may have written and ended between the two looks
  }
  // Before the end is written down: whoever is killed in between leaves a container that still looks alive.
  releaseNetwork(context, row.id);
  return context.update(row.id, (old) => ({
    ...old,
    status: 'exited',
    pid: null,
    pidStart: null,
    exitCode: code ?? 137,
    finishedAt: new Date().toISOString(),
  }));
}

/** The exit code, once there is one. */
export async function waitForExit(context: ContainerContext, id: string, signal?: AbortSignal): Promise<number> {
  for (let pause = 2; ; pause = Math.min(pause * 2, 200)) {
    const row = context.store.containers.get<ContainerState>(id);
    if (row === null) throw new MicaError('no-such-container', `No such container: ${id}`, { subject: id });
    const state = reconcile(context, row);
    if (state.status === 'exited') return state.exitCode ?? 137;
    await sleep(pause, undefined, signal ? { signal } : {});
  }
}

/** Whether this container's monitor runs: its pid file names a process whose command line names the container. */
function conmonAlive(context: ContainerContext, id: string): boolean {
  try {
    const pid = Number(readFileSync(`${context.paths.bundle(id)}/conmon.pid`, 'utf8'));
    return Number.isInteger(pid) && pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(id);
  } catch {
    return false;
  }
}
