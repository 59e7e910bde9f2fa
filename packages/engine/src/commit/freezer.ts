import { existsSync, readFileSync } from 'node:fs';

/**
 * A cgroup's freezer. Writing its file takes 0.15 ms, or 2.5 where no other cgroup is frozen: the kernel then turns
 * a branch of its own code, and waits for each processor. A runtime's `pause` takes 4 more.
 */
export interface Freezer {
  readonly file: string;
  readonly freeze: string;
  readonly thaw: string;
  /** Nothing in it runs. */
  isFrozen(): boolean;
  /** So, or soon to be: somebody asked for it. */
  isAsked(): boolean;
}

/** That of a process's group. cgroups(7): v1 has a freezer hierarchy of its own, v2 a file in every cgroup; null where neither is. */
export function findFreezer(pid: number): Freezer | null {
  let lines: string[];
  try {
    lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  } catch {
    return null; // gone: the runtime will say so
  }
  for (const line of lines) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '/') continue;
    if (controllers === 'freezer') {
      const file = `/sys/fs/cgroup/freezer${path}/freezer.state`;
      if (existsSync(file))
        return {
          file,
          freeze: 'FROZEN',
          thaw: 'THAWED',
          isFrozen: () => readFileSync(file, 'latin1') === 'FROZEN\n',
          isAsked: () => readFileSync(file, 'latin1') !== 'THAWED\n',
        };
    }
    if (controllers === '') {
      const folder = `/sys/fs/cgroup${path}`;
      const file = `${folder}/cgroup.freeze`;
      const isFrozen = () => readFileSync(`${folder}/cgroup.events`, 'latin1').includes('frozen 1');
      if (existsSync(file))
        return {
          file,
          freeze: '1',
          thaw: '0',
          isFrozen,
          isAsked: () => readFileSync(file, 'latin1') === '1\n' || isFrozen(),
        };
    }
  }
  return null;
}
