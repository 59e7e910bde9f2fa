import { setTimeout as sleep } from 'node:timers/promises';
import { bootId } from '../store/files.ts';
import type { ContainerContext, Row } from './context.ts';
import { afterEnd } from './ended.ts';
import { checkOf } from './health.ts';
import { giveIdleMonitor, giveMonitor, needsMonitor, takeMonitor, waitsForMonitor } from './monitor-lease.ts';
import { probe } from './probe.ts';
import type { ContainerState } from './record.ts';
import { wantsRestart } from './restart-policy.ts';
import { rotateLog } from './rotate.ts';
import { startContainer } from './start.ts';
import { reconcile } from './state.ts';

const TICK_MS = 500;
/** What conmon's exit command does within moments is left to it so long. */
const PATIENCE_MS = 3000;

export interface MonitorTask {
  readonly signal?: AbortSignal;
  /** Ends once no running container needs it: how a container with a health check brings its own. */
  readonly untilIdle?: boolean;
}

/**
 * Watches the containers of one store: runs health checks, turns logs over, honours restart policies and
 * --rm where conmon's exit command could not (kill -9, a reboot). One a store; a second one ends at once.
 */
export async function runMonitor(context: ContainerContext, task: MonitorTask): Promise<void> {
  if (!takeMonitor(context)) return;
  const busy = new Map<string, Promise<void>>();
  const once = (key: string, work: () => Promise<void>) => {
    if (busy.has(key)) return;
    // What fails for one container (removed meanwhile, its image gone) is no reason to leave the others.
    busy.set(
      key,
      work()
        .catch(() => {})
        .finally(() => busy.delete(key)),
    );
  };
  while (!task.signal?.aborted) {
    let needed = false;
    for (const row of context.store.containers.list<ContainerState>()) {
      const state = reconcile(context, row);
      const current = { ...row, record: state };
      needed ||= waitsForMonitor(current);
      if (state.status === 'running' && needsMonitor(current)) {
        once(`${row.id} ${state.startedAt}`, () => watch(context, current, task.signal));
      } else if (state.status === 'exited') {
        once(row.id, () => ended(context, current));
      }
    }
    if (task.untilIdle && !needed && giveIdleMonitor(context)) return;
    await sleep(TICK_MS);
  }
  giveMonitor(context);
}

/** Of one run of one container, until it ends. */
async function watch(context: ContainerContext, row: Row, signal: AbortSignal | undefined): Promise<void> {
  const check = row.record.health ? checkOf(row.record.options, context.imageConfig(row)) : null;
  const started = Date.parse(row.record.startedAt ?? '');
  let next = Date.now() + pauseOf();
  function pauseOf(): number {
    if (check === null) return Number.POSITIVE_INFINITY;
    return Date.now() - started < check.startPeriod ? Math.min(check.interval, check.startInterval) : check.interval;
  }
  while (!signal?.aborted) {
    const now = context.store.containers.get<ContainerState>(row.id);
    if (now === null || reconcile(context, now).startedAt !== row.record.startedAt) return;
    if (reconcile(context, now).status !== 'running') return;
    rotateLog(context, now);
    if (check !== null && Date.now() >= next) {
      await probe(context, now, check, started);
      next = Date.now() + pauseOf();
    }
    await sleep(Math.max(20, Math.min(TICK_MS, next - Date.now())));
  }
}

async function ended(context: ContainerContext, row: Row): Promise<void> {
  const state = row.record;
  const { name } = state.options.restart ?? { name: 'no' };
  const booted = state.boot !== undefined && state.boot !== bootId();
  if (booted && (name === 'always' || wantsRestart(state))) await startContainer(context, row, false, 'policy');
  else if (Date.now() - Date.parse(state.finishedAt ?? '') > PATIENCE_MS) await afterEnd(context, row.id);
}
