import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runFolder } from '@mica/engine';
import { CommandFailed, run } from '../measure/process.ts';
import { removeBridge } from './bridge.ts';
import { Mica } from './mica.ts';

/** Takes away all that a killed run left in and around its folder: containers, daemons, mounts, its bridge. */
export function removeRemains(folder: string): void {
  if (existsSync(join(folder, 'mica')))
    quietly(() => {
      new Mica(folder).clear();
    });
  const pidFile = join(folder, 'docker/pid');
  if (existsSync(pidFile)) {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    // It ends its containers itself; the PID may be another process's by now.
    if (lives(pid) && commandLine(pid).includes(folder)) stopDaemon(pid);
  }
  for (const pid of processesOf(folder)) kill(pid, 'SIGKILL');
  for (let waited = 0; waited < 50 && processesOf(folder).length > 0; waited++) wait(100);
  unmountBelow(folder);
  removeBridge(folder);
  rmSync(runFolder(join(folder, 'mica')), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** Whoever names the folder on its command line (daemons, conmon), or has its root file system there (containers). */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)
    .filter((pid) => commandLine(pid).includes(`${folder}/`) || rootMount(pid).includes(`${folder}/`));
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}
/** The line of `/` (proc_pid_mountinfo(5): the fifth field), which of an overlay names its layers. */
function rootMount(pid: number): string {
  const lines = read(`/proc/${pid}/mountinfo`).split('\n');
  return unescaped(lines.find((line) => line.split(' ')[4] === '/') ?? '');
}
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

/** Asks it to end and waits in this thread: a signal's handler has no other way. */
export function stopDaemon(pid: number): void {
  kill(pid, 'SIGTERM');
  for (let waited = 0; waited < 300 && lives(pid); waited++) wait(100);
}

/** A zombie does not: whoever started it has not asked for it yet. */
function lives(pid: number): boolean {
  const status = read(`/proc/${pid}/status`);
  return status !== '' && !/^State:\s+Z/m.test(status);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ended meanwhile
  }
}

function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

export function unmountBelow(folder: string): void {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n').reverse()) {
    const at = unescaped(line.split(' ')[1] ?? '');
    if (at.startsWith(`${folder}/`)) quietly(() => run({ argv: ['umount', at] }));
  }
}
/** A path as /proc writes it: blanks, line ends and backslashes in octal (proc_pid_mounts(5), getmntent(3)). */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function quietly(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
}
