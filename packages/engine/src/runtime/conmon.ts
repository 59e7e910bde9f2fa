import { spawn } from 'node:child_process';
import { closeSync, existsSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { MicaError } from '../error.ts';
import { type OciRuntime, requireProgram, runtimeError } from './oci-runtime.ts';

export interface MonitorOptions {
  readonly id: string;
  /** Holds config.json; conmon puts its pid files and sockets here. Short: a socket's path has 108 bytes. */
  readonly bundle: string;
  /** Where the exit code is written, as text, under the container's ID. */
  readonly exits: string;
  readonly log: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Run by conmon after the end. */
  readonly exitCommand: readonly string[];
  /** Descriptors that it keeps open as long as it lives: the host ports of its container. */
  readonly held: readonly number[];
}

/**
 * Creates a container under conmon, which keeps its streams, writes its log and waits for its end:
 * 2.5 MB, where a waiting Node takes 45. Resolves with the pid of the first process, created but not
 * started. conmon outlives this process on purpose.
 */
export function createMonitored(runtime: OciRuntime, options: MonitorOptions): Promise<number> {
  const { id, bundle } = options;
  const args = ['--api-version', '1', '-c', id, '-u', id, '-n', id, '-r', runtime.path, '-b', bundle];
  args.push('-p', `${bundle}/pidfile`, '-P', `${bundle}/conmon.pid`, '--exit-dir', options.exits, '--full-attach');
  args.push('-l', `k8s-file:${options.log}`, '--log-level', 'error');
  args.push('--runtime-arg', '--root', '--runtime-arg', runtime.root);
  if (options.tty) args.push('-t');
  if (options.stdin) args.push('-i');
  const [program, ...rest] = options.exitCommand;
  if (program !== undefined) args.push('--exit-command', program);
  for (const argument of rest) args.push('--exit-command-arg', argument);

  return new Promise((resolve, reject) => {
    const child = spawn(requireProgram('conmon', 'conmon'), args, {
      cwd: bundle,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', ...options.held],
      env: { ...process.env, _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4' },
    });
    let answer = '';
    let stderr = '';
    const sync = child.stdio[3] as Readable;
    const start = child.stdio[4] as Writable;
    child.on('error', reject);
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    start.on('error', () => {}); // conmon died first: the sync pipe says why
    start.end('\0');
    sync.setEncoding('utf8');
    const settle = () => {
      // One JSON line: the pid, or −1 with the runtime's message.
      let said: { data?: number; message?: string } = {};
      try {
        said = JSON.parse(answer);
      } catch {
        said = { data: -1, message: stderr };
      }
      child.unref();
      sync.destroy();
      child.stderr?.destroy();
      if (typeof said.data === 'number' && said.data > 0) resolve(said.data);
      else reject(runtimeError(said.message || stderr || 'conmon ended without a word', ['create']));
    };
    sync.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\n')) sync.emit('end');
    });
    sync.once('end', settle);
  });
}

/** The exit code that conmon left, or null while there is none. */
export function readExit(exits: string, id: string): number | null {
  const file = `${exits}/${id}`;
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8').trim();
  return /^\d+$/.test(text) ? Number(text) : null;
}

export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF')
      throw new MicaError('system-call', 'close failed', { cause: error });
  }
}
