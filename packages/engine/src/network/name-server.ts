import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MicaError } from '../error.ts';
import { findProgram } from '../runtime/oci-runtime.ts';
import { outsidePrivateMounts } from '../system/mount.ts';
import { runProgram } from '../system/spawn.ts';
import type { Network } from './record.ts';
import type { Scope } from './scope.ts';

export interface NameEntry {
  readonly container: string;
  readonly address: string;
  readonly names: readonly string[];
  /** Asked for what is no container's name; none: the machine's own. */
  readonly dns: readonly string[];
}

/**
 * Names of containers on user networks: one aardvark-dns a store (3 MB), listening on the gateway of each
 * network, there while a container is on one. Call under the lock; the files are the whole truth, so
 * that it can be killed and started again at any time.
 */
export function publishNames(scope: Scope, network: Network, entries: readonly NameEntry[]): void {
  const folder = join(scope.run, 'dns');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, network.id);
  if (entries.length === 0) rmSync(file, { force: true });
  else {
    // aardvark-dns's format: the address it listens on; then a container a line.
    const lines = entries.map(({ container, address, names, dns }) =>
      [container, address, '', names.join(','), dns.join(',')].join(' ').trimEnd(),
    );
    // It reads every file in the folder: the half-written one lies outside.
    const half = join(scope.run, `dns-${network.id}`);
    writeFileSync(half, `${network.record.gateway}\n${lines.join('\n')}\n`);
    renameSync(half, file);
  }
  const served = readdirSync(folder).some((name) => name !== 'aardvark.pid');
  const told = tellServer(folder, served ? 'SIGHUP' : 'SIGTERM');
  if (served && !told) startServer(folder);
  if (!served) rmSync(folder, { recursive: true, force: true });
}

/** Of the store with that run folder, which is gone: nobody will tell it again. */
export function stopServer(run: string): void {
  const folder = join(run, 'dns');
  tellServer(folder, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

/** Before anything is made: a network that needs it cannot do without. */
export function requireNameServer(): string {
  const path = findProgram('aardvark-dns');
  if (path !== null) return path;
  throw new MicaError('missing-tool', 'aardvark-dns is not installed', {
    subject: 'aardvark-dns',
    hint: 'it resolves names between containers on a user network: apt-get install aardvark-dns',
  });
}

function startServer(folder: string): void {
  const program = requireNameServer();
  // In the machine's own mount namespace: in ours it would keep a container's root mounted for ever.
  const done = outsidePrivateMounts(() => runProgram(program, ['--config', folder, '-p', '53', 'run'], { cwd: '/' }));
  if (done.status !== 0)
    throw new MicaError(
      'runtime-failed',
      `aardvark-dns: ${(done.stderr || `exit code ${done.status}`).trim().split('\n').at(-1)}`,
    );
}

/** False where none runs, or it ended before it could be told. */
function tellServer(folder: string, signal: NodeJS.Signals): boolean {
  const pid = runningServer(folder);
  if (pid === null) return false;
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function runningServer(folder: string): number | null {
  try {
    const pid = Number(readFileSync(join(folder, 'aardvark.pid'), 'utf8'));
    return pid > 1 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder) ? pid : null;
  } catch {
    return null; // none yet, or gone
  }
}
