import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicaError } from '../error.ts';
import { readExit } from '../runtime/conmon.ts';
import { isAlive, processStart } from '../store/files.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit, emitHoldings } from './events.ts';
import { releaseNetwork } from './network-state.ts';
import type { ContainerState } from './record.ts';

/**
 * What is true now, written down when it changed: the store's record against the machine. Reads a few
 * small files; no runtime, no process. A container has ended once conmon left its exit code, or once
 * both it and its conmon are gone (kill -9 of all, or a reboot). Between the end of the process and
 * the exit file lie milliseconds in which only conmon is alive: then it counts as running still.
 */
export function reconcile(context: ContainerContext, row: Row): ContainerState {
  let state = row.record;
  if (state.status !== 'running') {
    if (!state.starting || isAlive(state.starting)) return state;
    state = settleStart(context, row);
    if (state.status !== 'running') return state;
  }
  const { exits } = context.paths;
  let code = readExit(exits, row.id);
  if (code === null) {
    const alive = state.pid !== null && state.pidStart !== null && processStart(state.pid) === state.pidStart;
    if (alive || conmonAlive(context, row.id)) return state;
    code = readExit(exits, row.id); // it may have written and ended between the two looks
  }
  // Before the end is written down: whoever is killed in between leaves a container that still looks alive.
  giveBack(context, row.id);
  const exitCode = code ?? 137;
  const finishedAt = endTime(`${exits}/${row.id}`);
  return change(
    context,
    row,
    state,
    (old) => ({ ...old, ...stateAfter(context, row.id, old), exitCode, finishedAt }),
    ({ oomKilled }) => {
      if (oomKilled) emit(context, row, 'oom', {}, finishedAt);
      emit(context, row, 'die', { exitCode: `${exitCode}` }, finishedAt);
      emitHoldings(context, row, 'given back', finishedAt);
    },
  );
}

/** Its ports at least where the store takes no note of it: whoever has them next would not be heard. */
function giveBack(context: ContainerContext, id: string): void {
  try {
    releaseNetwork(context, id);
  } catch (error) {
    if (!context.store.isReadOnly) throw error;
  }
}

function stateAfter(context: ContainerContext, id: string, { health }: ContainerState): Partial<ContainerState> {
  return {
    status: 'exited',
    pid: null,
    pidStart: null,
    // conmon leaves it (src/oom.c) before it writes the exit code.
    oomKilled: existsSync(`${context.paths.bundle(id)}/oom`),
    // docker's: what does not run is not healthy, whatever the last check said.
    ...(health ? { health: { ...health, status: 'unhealthy' } } : {}),
  };
}

/**
 * Its starter was killed. The runtime's fifo, on which a created process waits for its start, tells how
 * far it came: gone, and the process runs; still there, and it never ran (whatever is left of it goes with
 * the next start or removal).
 */
function settleStart(context: ContainerContext, row: Row): ContainerState {
  const { paths } = context;
  const pid = Number(readSmall(`${paths.bundle(row.id)}/pidfile`));
  const pidStart = pid > 0 ? processStart(pid) : undefined;
  const ran = existsSync(`${paths.state}/${row.id}`) && !existsSync(`${paths.state}/${row.id}/exec.fifo`);
  if (!ran || pid <= 0) return change(context, row, row.record, (old) => ({ ...old, starting: null }));
  const startedAt = new Date().toISOString();
  const running = { status: 'running', pid, pidStart: pidStart ?? null, startedAt, exitCode: null } as const;
  return change(
    context,
    row,
    row.record,
    (old) => ({ ...old, starting: null, ...running }),
    () => {
      emitHoldings(context, row, 'taken', startedAt);
      emit(context, row, 'start', {}, startedAt);
    },
  );
}

/** Writes the change down, and what `tell` says of it, unless somebody else did, or removed it, since it was read. */
function change(
  context: ContainerContext,
  row: Row,
  seen: ContainerState,
  to: (state: ContainerState) => ContainerState,
  tell: (state: ContainerState) => void = () => {},
): ContainerState {
  context.store.reserve.giveUp(); // a container may end because it filled the disk
  try {
    return context.update(row.id, (now) => {
      if (now.status !== seen.status || now.pid !== seen.pid || now.startedAt !== seen.startedAt) return now;
      const state = to(now);
      tell(state);
      return state;
    });
  } catch (error) {
    if (context.store.isReadOnly) return to(seen); // true all the same
    if (error instanceof MicaError && error.code === 'no-such-container') return seen;
    throw error;
  }
}

/**
 * The exit code, once there is one; of one that never ran, or whose start fails meanwhile, that of its failure, or 0.
 * @throws MicaError aborted once `givenUp` says that nobody waits any more
 */
export async function waitForExit(
  context: ContainerContext,
  id: string,
  signal?: AbortSignal,
  givenUp: () => boolean = () => false,
): Promise<number> {
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    if (givenUp()) throw new MicaError('aborted', `the attachment to ${id} was closed before its end`, { subject: id });
    const row = context.store.containers.get<ContainerState>(id);
    if (row === null) throw new MicaError('no-such-container', `No such container: ${id}`, { subject: id });
    const state = reconcile(context, row);
    if (state.status === 'exited') return state.exitCode ?? 137;
    if (state.status === 'created' && !state.starting) return state.exitCode ?? 0;
    await sleep(pause, undefined, signal ? { signal } : {}).catch((error) => {
      signal?.throwIfAborted();
      throw error;
    });
  }
}

/** When conmon wrote the exit code; now, if it never did. */
function endTime(file: string): string {
  try {
    return statSync(file).mtime.toISOString();
  } catch {
    return new Date().toISOString();
  }
}

/** Whether this container's monitor runs: its pid file names a process whose command line names the container. */
function conmonAlive(context: ContainerContext, id: string): boolean {
  const pid = Number(readSmall(`${context.paths.bundle(id)}/conmon.pid`));
  return pid > 0 && readSmall(`/proc/${pid}/cmdline`).includes(id);
}

function readSmall(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
