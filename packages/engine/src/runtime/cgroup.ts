import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';

const root = '/sys/fs/cgroup';
/** One tree for all controllers (cgroup v2), or one a controller (v1, also with a hybrid v2 mount beside it). */
export const unified = existsSync(`${root}/cgroup.controllers`);
/** v1's names of what v2 calls otherwise. */
const names: Readonly<Record<string, string>> = { io: 'blkio' };

export type Controller = 'cpu' | 'cpuset' | 'memory' | 'pids' | 'io' | 'freezer' | 'cpuacct';

export function hasController(name: Controller): boolean {
  if (!unified) return existsSync(`${root}/${names[name] ?? name}`);
  if (name === 'freezer' || name === 'cpuacct') return true;
  return readFileSync(`${root}/cgroup.controllers`, 'latin1').trim().split(' ').includes(name);
}
export function canLimitSwap(): boolean {
  // v2: the root group has no such file; swap accounting is on unless the boot line turned it off.
  return unified ? hasController('memory') : existsSync(`${root}/memory/memory.memsw.limit_in_bytes`);
}

/** A container's group under the parent that it was given. */
export function cgroupPath(id: string, parent = '/mica'): string {
  return `/${parent.replace(/^\/+|\/+$/g, '')}/${id}`;
}

/** The text of one file of a container's group; null when the group or the controller is not there. */
export function readGroup(path: string, controller: Controller, file: string): string | null {
  try {
    const dir = unified ? root : `${root}/${names[controller] ?? controller}`;
    return readFileSync(`${dir}${path}/${file}`, 'latin1').trim();
  } catch {
    return null;
  }
}

export function isFrozen(path: string): boolean {
  const state = unified ? readGroup(path, 'freezer', 'cgroup.freeze') : readGroup(path, 'freezer', 'freezer.state');
  return state === '1' || state === 'FROZEN' || state === 'FREEZING';
}

/** Every process in the group, the host's numbers. */
export function processesOf(path: string): number[] {
  const text = readGroup(path, unified ? 'cpu' : 'pids', 'cgroup.procs') ?? readGroup(path, 'memory', 'cgroup.procs');
  return (text ?? '').split('\n').filter(Boolean).map(Number);
}

/** An empty one that its runtime forgot; one with a process in it stays. */
export function removeGroup(path: string): void {
  for (const dir of unified ? [root] : readdirSync(root).map((name) => `${root}/${name}`))
    try {
      rmdirSync(`${dir}${path}`);
    } catch {
      // this tree has none, or something is in it
    }
}
