import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { MicaError, wrapSystemError } from '../error.ts';

/** Which process made a temporary file or holds a lease. A pid alone is reused; with its start time it is not. */
export interface Owner {
  readonly pid: number;
  readonly start: string; // clock ticks since boot, proc(5) stat field 22
}

let own: Owner | undefined;
export function thisProcess(): Owner {
  own ??= { pid: process.pid, start: processStart(process.pid) ?? '0' };
  return own;
}

export function isAlive(owner: Owner): boolean {
  return processStart(owner.pid) === owner.start;
}

/** Start time of a live process, clock ticks since boot; undefined if there is none of this number. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command may hold spaces and parentheses: count fields from its last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended: it waits, perhaps for long, for a parent to take its exit code.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined; // no such process
  }
}

let boot: string | undefined;
/** Changes with every boot of the kernel, so what was pending under another one may not have reached the disk. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return boot;
}

export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function storeError(error: unknown, doing: string, subject: string): MicaError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'EROFS')
    return new MicaError('permission-denied', `${doing} ${subject}: read-only file system`, {
      subject,
      hint: 'choose a store on a writable file system with --root',
      cause: error,
    });
  return wrapSystemError(error, doing, subject);
}
