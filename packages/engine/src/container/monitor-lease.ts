import { spawn } from 'node:child_process';
import { isAlive, type Owner, thisProcess } from '../store/files.ts';
import { jsonOf } from '../store/json-column.ts';
import { owner } from '../store/shape.ts';
import type { ContainerContext, Row } from './context.ts';
import type { ContainerState } from './record.ts';
import { restartsUnseen, wantsRestart } from './restart-policy.ts';

const SETTING = 'monitor';

/** The one monitor of the store is this process from now on; false when there is one. */
export function takeMonitor(context: ContainerContext): boolean {
  const { store } = context;
  return store.transaction(() => {
    if (monitorAlive(context)) return false;
    store.setSetting(SETTING, JSON.stringify(thisProcess()));
    return true;
  });
}

export function giveMonitor(context: ContainerContext): void {
  context.store.db.run('DELETE FROM settings WHERE key = ? AND value = ?', SETTING, JSON.stringify(thisProcess()));
}

/**
 * Gives it back unless a container needs it, in one transaction: one that was started since the last look found
 * a monitor, brought none, and would be watched by nobody.
 */
export function giveIdleMonitor(context: ContainerContext): boolean {
  const { store } = context;
  return store.transaction(() => {
    if (store.containers.list<ContainerState>().some(waitsForMonitor)) return false;
    giveMonitor(context);
    return true;
  });
}

function monitorAlive(context: ContainerContext): boolean {
  const holder = jsonOf(context.store.setting(SETTING));
  return owner(holder) && isAlive(holder as Owner);
}

/** Health checks, logs of several files, a restart policy given later: what only a process that goes on can do. */
export function needsMonitor({ record }: Row): boolean {
  const { logMaxSize, logMaxFile = 1 } = record.options;
  return Boolean(record.health) || (Boolean(logMaxSize) && logMaxFile > 1) || restartsUnseen(record);
}

/** Whether the monitor has, or will have, something to do for it. */
export function waitsForMonitor(row: Row): boolean {
  const { record } = row;
  return record.status === 'running' ? needsMonitor(row) : restartsUnseen(record) && wantsRestart(record);
}

/** After a start or an update: a container that needs a monitor starts one, unless one runs. It ends with the last such container. */
export function ensureMonitor(context: ContainerContext, row: Row): void {
  const [program, ...args] = context.self;
  if (program === undefined || !needsMonitor(row) || monitorAlive(context)) return;
  const more = ['--root', context.store.root, 'monitor', '--until-idle'];
  spawn(program, [...args, ...more], { detached: true, stdio: 'ignore', cwd: '/' }).unref();
}
