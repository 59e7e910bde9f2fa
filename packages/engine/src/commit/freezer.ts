import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, write, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StopSignal } from '../pool/stop.ts';

/** Where a container's processes are. */
export interface Processes {
  readonly id: string;
  /** Its group (runtime/cgroup.ts), in which, or below, all of its processes are. */
  readonly group: string;
  /** The first of them; null: it did not run when it was looked at. */
  readonly pid: number | null;
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

  /** Null where the machine has none that is a file; `gone` where no process of the container's is. */
  static find({ id, group, pid }: Processes): Freezer | 'gone' | null {
    for (const kind of [kinds.v1, kinds.v2])
      if (existsSync(fileOf(kind, group))) return new Freezer(kind, group).#unlessEmpty();
    if (pid === null) return 'gone';
    let lines: string[];
    try {
      lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
    } catch {
      return 'gone';
    }
    // In a group elsewhere than was asked for, as a runtime has it; one of that number that is not the container's is no more.
    const own = new RegExp(`^\\d+:([^:]*):(.*/${id})(?:/|$)`);
    const found = lines.flatMap((line) => [own.exec(line)?.slice(1) ?? []]).filter((parts) => parts.length > 0);
    if (found.length === 0) return 'gone';
    for (const [controllers, path = ''] of found) {
      const kind = controllers === 'freezer' ? kinds.v1 : kinds.v2;
      if ((controllers === 'freezer' || controllers === '') && existsSync(fileOf(kind, path)))
        return new Freezer(kind, path).#unlessEmpty();
    }
    return null;
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
  /** All processes in the group and below it, the host's numbers. */
  processes(): number[] {
    return processesBelow(dirname(this.file));
  }

  /** False: it is to go on after all. @throws Error `timeout` after ten seconds in which something of it ran on */
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

  #unlessEmpty(): Freezer | 'gone' {
    return this.processes().length > 0 ? this : 'gone';
  }
}

/** Asked to stand still for ten seconds, some of it ran on. */
export class StillRuns extends Error {
  constructor() {
    super(`it still runs after ${PATIENCE_MS / 1000} s`);
  }
}

function fileOf(kind: (typeof kinds)['v1' | 'v2'], group: string): string {
  return `${kind.root}${group}/${kind.file}`;
}

function processesBelow(folder: string): number[] {
  try {
    const own = readFileSync(`${folder}/cgroup.procs`, 'latin1').split('\n').filter(Boolean).map(Number);
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return below.reduce((all, { name }) => all.concat(processesBelow(`${folder}/${name}`)), own);
  } catch {
    return []; // it went meanwhile
  }
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
