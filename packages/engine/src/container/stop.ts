import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { requireInteger } from '../argument.ts';
import { MicaError } from '../error.ts';
import { processStart } from '../store/files.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { aSignal, isDeliverable, parseSignal } from '../system/signal.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit, tell } from './events.ts';
import { resumeIfFrozen, startFirst, untilRead } from './pause.ts';
import type { ContainerState } from './record.ts';
import { reconcile, waitForExit } from './state.ts';
import { lockUpper } from './upper-lock.ts';

/** @throws MicaError not-running, worded as docker's */
export function killContainer(context: ContainerContext, row: Row, signal: string): void {
  const name = parseSignal(signal);
  const { status } = reconcile(context, row);
  if (status !== 'running')
    throw new MicaError('not-running', `Cannot kill container: ${row.name}: Container ${row.id} is not running`, {
      ...startFirst(row.name),
    });
  if (!isDeliverable(name))
    throw new MicaError(
      'invalid-argument',
      `Cannot kill container: ${row.name}: The kernel does not support signal ${name}`,
      { subject: name, hint: aSignal },
    );
  context.store.reserve.giveUp();
  // Before the signal: the one that sees the end must know that it was meant.
  note(context, row.id, (state) => {
    emit(context, row, 'kill', { signal: `${(constants.signals as Record<string, number>)[name] ?? name}` });
    return name === 'SIGKILL' || name === stopSignal(row) ? { ...state, stopRequested: true } : state;
  });
  enterPrivateMounts();
  send(context, row, name);
  if (name === 'SIGKILL') resumeIfFrozen(context, row.id, row.record); // v1: a frozen process does not even die
}

/** Unless the store can only be read: a disk that turned read-only is no reason why nothing on it could be ended. */
function note(context: ContainerContext, id: string, change: (state: ContainerState) => ContainerState): void {
  try {
    context.update(id, change);
  } catch (error) {
    if (!context.store.isReadOnly) throw error;
  }
}

/** By the runtime; where its state is gone, as when somebody emptied /run, to the process itself: it could not be ended else. */
function send(context: ContainerContext, row: Row, signal: string): void {
  const state = context.store.containers.find<ContainerState>(row.id).record;
  const { pid } = state;
  const lost = !existsSync(`${context.paths.state}/${row.id}`) && pid !== null && processStart(pid) === state.pidStart;
  if (lost && isInGroupOf(pid, row.id)) process.kill(pid, (Number(signal) || signal) as NodeJS.Signals);
  else context.runtimeOf(row.record).run('kill', row.id, signal);
}

/** A record may be damaged, and name somebody else's process; its cgroup is the kernel's word. */
function isInGroupOf(pid: number, id: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
  } catch {
    return false; // it has ended
  }
}

function stopSignal(row: Row): string {
  return row.record.options.stopSignal ?? 'SIGTERM';
}

/** Node's timers take no more, 24 days: a longer one would be over at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Asks with the stop signal, then, after `timeout` seconds (−1: never), ends it. Ended already is fine. `toReset`: only
 * for a reset, which starts it again.
 */
export async function stopContainer(
  context: ContainerContext,
  row: Row,
  timeout?: number,
  signal = stopSignal(row),
  toReset = false,
): Promise<void> {
  if (timeout !== undefined) requireInteger(timeout, 'timeout');
  context.store.reserve.giveUp();
  // It may be between two starts: nobody waits for the next one any more.
  const asked = { stopRequested: true, restarting: null, stoppedToReset: toReset };
  note(context, row.id, (state) => ({ ...state, ...asked }));
  for (let now: Row | null = row; now !== null; now = context.store.containers.get<ContainerState>(row.id)) {
    const { status, starting } = reconcile(context, now);
    if (status === 'running') await end(context, now, timeout, signal);
    // Or in one: its policy may have looked just before, and it runs again. After this one it does not.
    else if (now !== row || !starting) return;
    (await settled(context, row.id))();
  }
}

async function end(context: ContainerContext, row: Row, timeout: number | undefined, signal: string): Promise<void> {
  const { id } = row;
  const seconds = timeout ?? row.record.options.stopTimeout ?? 10;
  let grace: AbortSignal | undefined;
  try {
    if (isDeliverable(parseSignal(signal))) {
      killContainer(context, row, signal);
      await untilRead(context, id, row.record); // what it writes because it is to end is in no half of a layer
      resumeIfFrozen(context, id, row.record);
      if (seconds >= 0) grace = AbortSignal.timeout(Math.min(seconds * 1000, LONGEST));
      await waitForExit(context, id, grace);
    } else await kill(context, row); // docker's: what cannot be asked is not waited for
  } catch (error) {
    if (grace?.aborted && error === grace.reason) await kill(context, row);
    else if (!hasEnded(context, id)) throw error;
  }
  tell(context, row, 'stop');
}

export async function kill(context: ContainerContext, row: Row): Promise<void> {
  try {
    killContainer(context, row, 'SIGKILL');
  } catch (error) {
    if (!hasEnded(context, row.id)) throw error; // it ended between the look and the signal
  }
  await waitForExit(context, row.id);
}

/** The runtime refuses a signal for a process that has just ended: its end is then a moment away. */
function hasEnded(context: ContainerContext, id: string): boolean {
  const row = context.store.containers.get<ContainerState>(id);
  if (row === null) return true;
  const { status, pid } = reconcile(context, row);
  return status !== 'running' || pid === null || !existsSync(`/proc/${pid}`) || isZombie(pid);
}
function isZombie(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

/** A start or a copy that is under way would make anew what is taken away: it ends first, unless it hangs. */
export async function settled(context: ContainerContext, id: string): Promise<() => void> {
  try {
    return await lockUpper(context.paths.lock(id), id, { patience: 10_000 });
  } catch (error) {
    if (error instanceof MicaError && error.code === 'no-such-container') return () => {}; // half removed already
    throw error;
  }
}
