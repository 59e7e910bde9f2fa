import {
  closeSync,
  constants,
  type Dirent,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  write,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StopSignal } from '../pool/stop.ts';
import { processStart } from '../store/files.ts';

/** Where a container's processes are. */
export interface Processes {
  readonly id: string;
  /** Its group (runtime/cgroup.ts), in which, or below, all of its processes are. */
  readonly group: string;
  /** The first of them; null: it did not run when it was looked at. */
  readonly pid: number | null;
  /** When it was started (store/files.ts): another of that number is none of them. */
  readonly pidStart: string | null;
}

/** The two words of a freezer's file; cgroups(7): v1 has a hierarchy of its own for it, v2 a file in every cgroup. */
const kinds = {
  v1: { root: '/sys/fs/cgroup/freezer', file: 'freezer.state', freeze: 'FROZEN', thaw: 'THAWED' },
  v2: { root: '/sys/fs/cgroup', file: 'cgroup.freeze', freeze: '1', thaw: '0' },
} as const;

const PATIENCE_MS = 10_000;
/** Looks at it, 0.2 ms apart: 0.2 ms is what it mostly takes. */
const LOOKS = 50;

/**
 * A container's freezer: that of its own group, also where its first process went to one below. Writing its file takes
 * 0.15 ms, or 2.5 where no other cgroup is frozen: the kernel then turns a branch of its own code, and waits for each
 * processor. A runtime's `pause` takes 4 more.
 */
export class Freezer {
  readonly file: string;
  readonly #kind: (typeof kinds)['v1' | 'v2'];

  private constructor(kind: (typeof kinds)['v1' | 'v2'], group: string) {
    this.#kind = kind;
    this.file = fileOf(kind, group);
  }

  /**
   * That of its own group; of its first process's, where that left for another. Null where the machine has none that is a
   * file; `gone` where no process of the container's is.
   */
  static find(processes: Processes): Freezer | 'gone' | null {
    const own = Freezer.#of(processes.group);
    const theirs = groupsOf(processes);
    const first = theirs?.find(({ kind }) => own !== null && kind === own.#kind);
    const isIn = theirs === null || `${first?.path}/`.startsWith(`${processes.group}/`);
    if (own && isIn && own.isPopulated()) return own;
    if (theirs === null) return 'gone';
    for (const { kind, path } of theirs) if (existsSync(fileOf(kind, path))) return new Freezer(kind, path);
    return null;
  }

  static #of(group: string): Freezer | null {
    const kind = [kinds.v1, kinds.v2].find((one) => existsSync(fileOf(one, group)));
    return kind ? new Freezer(kind, group) : null;
  }

  /** What lets it go on, written to {@link file}. */
  get thaws(): string {
    return this.#kind.thaw;
  }
  /** Nothing in it runs. */
  isFrozen(): boolean {
    if (this.#kind === kinds.v1) return readFileSync(this.file, 'latin1') === 'FROZEN\n';
    return readFileSync(`${dirname(this.file)}/cgroup.events`, 'latin1').includes('frozen 1');
  }
  /** So, or soon to be: somebody asked for it. */
  isAsked(): boolean {
    const state = readFileSync(this.file, 'latin1');
    return this.#kind === kinds.v1 ? state !== 'THAWED\n' : state === '1\n' || this.isFrozen();
  }
  /** Its group went with its last process. */
  isGone(): boolean {
    return !existsSync(this.file);
  }
  /** Whether there is a process in the group or below it. */
  isPopulated(): boolean {
    const folder = dirname(this.file);
    return processesIn(folder).length > 0 || processesBelow(folder).length > 0;
  }
  /** All of those, the host's numbers. */
  processes(): number[] {
    const folder = dirname(this.file);
    return [...processesIn(folder), ...processesBelow(folder)];
  }

  /** False: it is to go on after all. @throws StillRuns after ten seconds in which something of it ran on */
  async freeze(signal?: StopSignal): Promise<boolean> {
    await put(this.file, this.#kind.freeze);
    return this.standsStill(signal);
  }
  async thaw(): Promise<void> {
    await put(this.file, this.#kind.thaw);
  }

  /**
   * Waits until it does. v1 may miss a process that is just being made, and then asks to be asked again (kernel.org,
   * cgroup-v1/freezer-subsystem). As {@link freeze}.
   */
  async standsStill(signal?: StopSignal): Promise<boolean> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let looks = 1; !this.isFrozen(); looks++) {
      if (!this.isAsked()) return false;
      if (Date.now() > deadline) throw new StillRuns();
      signal?.throwIfAborted();
      if (looks % LOOKS === 0) writeFileSync(this.file, this.#kind.freeze);
      if (looks < LOOKS) Atomics.wait(nap, 0, 0, 0.2);
      else await sleep(1); // something holds it up: others have work to do
    }
    return true;
  }
}

/** Asked to stand still for ten seconds, some of it ran on. */
export class StillRuns extends Error {
  constructor() {
    super(`it still runs after ${PATIENCE_MS / 1000} s`);
  }
}

/**
 * The groups of its first process that may have a freezer, up to the one of the container's ID if that is in it: a runtime
 * may have put it elsewhere than was asked for. Null where there is no such process.
 */
function groupsOf({ id, pid, pidStart }: Processes): { kind: (typeof kinds)['v1' | 'v2']; path: string }[] | null {
  if (pid === null || processStart(pid) !== pidStart) return null;
  let lines: string[];
  try {
    lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  } catch {
    return null;
  }
  return lines.flatMap((line) => {
    const [, controllers = 'none', whole = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const kind = { freezer: kinds.v1, '': kinds.v2 }[controllers];
    const end = `${whole}/`.indexOf(`/${id}/`);
    const path = end < 0 ? whole : whole.slice(0, end + id.length + 1);
    return kind === undefined || path === '/' ? [] : [{ kind, path }];
  });
}

function fileOf(kind: (typeof kinds)['v1' | 'v2'], group: string): string {
  return `${kind.root}${group}/${kind.file}`;
}

function processesIn(folder: string): number[] {
  try {
    return readFileSync(`${folder}/cgroup.procs`, 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // it went meanwhile
  }
}

/** A cgroup's folder has a link for each of those in it: most have none, and are not listed. */
function processesBelow(folder: string): number[] {
  const { nlink = 0 } = statSync(folder, { throwIfNoEntry: false }) ?? {};
  if (nlink === 2 || nlink === 0) return [];
  const found: number[] = [];
  for (const { name } of subfolders(folder))
    found.push(...processesIn(`${folder}/${name}`), ...processesBelow(`${folder}/${name}`));
  return found;
}

function subfolders(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    return [];
  }
}

/** Of one that goes on: all of its processes that are found. */
export function processesOf(processes: Processes): readonly number[] {
  const freezer = Freezer.find(processes);
  if (freezer === 'gone') return [];
  return freezer?.processes() ?? [processes.pid as number];
}

/** In one of libuv's threads. */
function put(file: string, word: string): Promise<void> {
  const fd = openSync(file, constants.O_WRONLY);
  return new Promise((resolve, reject) => {
    write(fd, word, (error) => {
      closeSync(fd);
      if (error) reject(error);
      else resolve();
    });
  });
}
const nap = new Int32Array(new SharedArrayBuffer(4));
