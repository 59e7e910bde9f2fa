import { setTimeout as sleep } from 'node:timers/promises';
import { MicaError } from '../error.ts';
import { isAlive, thisProcess } from '../store/files.ts';
import type { ContainerContext, Row } from './context.ts';
import type { ContainerState } from './record.ts';
import { removeContainer } from './remove.ts';
import { wantsRestart } from './restart-policy.ts';
import { startContainer } from './start.ts';
import { reconcile } from './state.ts';

/** docker's: it doubles from here up to a minute, and begins anew after a run of ten seconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;
const LONG_RUN_MS = 10_000;

/** Between two looks at a start that is under way. */
const START_LOOK_MS = 20;
/** And at one who was attached: stopped by Ctrl-Z it may take hours to go on. */
const ATTACHED_LOOK_MS = 200;

/** After an end: removes it (--rm), or starts it again as long as its policy says so. Any number may call it. */
export async function afterEnd(context: ContainerContext, id: string): Promise<void> {
  const row = await started(context, id);
  if (row === null) return;
  const state = reconcile(context, row);
  if (state.status === 'exited' && state.options.remove) await removeUnread(context, row);
  else if (wantsRestart(state)) await startAgain(context, row);
}

/** Once whoever starts it has written that down, or is gone: on a busy machine it may end, and this be called, before. */
async function started(context: ContainerContext, id: string): Promise<Row | null> {
  for (;;) {
    const row = context.store.containers.get<ContainerState>(id);
    const starter = row?.record.starting;
    if (!starter || !isAlive(starter)) return row;
    await sleep(START_LOOK_MS);
  }
}

/** Unless who was attached does: before it has read the exit code, there would be none. */
async function removeUnread(context: ContainerContext, { id }: Row): Promise<void> {
  for (;;) {
    const row = context.store.containers.get<ContainerState>(id);
    if (row?.record.status !== 'exited') return;
    const { attached } = row.record;
    if (!attached || !isAlive(attached)) return await removeQuietly(context, row);
    await sleep(ATTACHED_LOOK_MS);
  }
}

async function removeQuietly(context: ContainerContext, row: Row): Promise<void> {
  try {
    await removeContainer(context, row, false, true);
  } catch (error) {
    if (!(error instanceof MicaError && ['no-such-container', 'conflict'].includes(error.code))) throw error;
  }
}

/** Waits, longer each time, and starts it; the claim in its record keeps a second one out. */
async function startAgain(context: ContainerContext, row: Row): Promise<void> {
  const own = thisProcess();
  const claimed = context.update(row.id, (state) =>
    wantsRestart(state) && !(state.restarting && isAlive(state.restarting)) ? { ...state, restarting: own } : state,
  );
  if (claimed.restarting?.pid !== own.pid || claimed.restarting.start !== own.start) return;
  const ran = Date.parse(claimed.finishedAt ?? '') - Date.parse(claimed.startedAt ?? '');
  const count = ran > LONG_RUN_MS ? 0 : (claimed.restartCount ?? 0);
  const until = Date.now() + Math.min(FIRST_PAUSE_MS * 2 ** Math.min(count, 20), LONGEST_PAUSE_MS);
  for (;;) {
    const now = context.store.containers.get<ContainerState>(row.id);
    if (now === null) return;
    if (!wantsRestart(now.record)) {
      context.update(row.id, (state) => ({ ...state, restarting: null })); // stopped while it waited
      return;
    }
    const left = until - Date.now();
    if (left <= 0) {
      try {
        await startContainer(context, now, false, 'policy');
      } catch (error) {
        // Stopped, or started by hand, since the look.
        if (!(error instanceof MicaError && ['conflict', 'already-running'].includes(error.code))) throw error;
      }
      return;
    }
    await sleep(Math.min(left, 200));
  }
}
