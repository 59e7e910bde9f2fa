import { closeSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { memoryFile, memoryText } from '../system/spawn.ts';
import { AttachSocket } from './attach.ts';
import { Conmon, type Streams } from './conmon-process.ts';
import type { OciRuntime } from './oci-runtime.ts';

export interface MonitorOptions extends Streams {
  readonly id: string;
  /** Holds config.json; conmon puts its pid files and sockets here. Short: a socket's path has 108 bytes. */
  readonly bundle: string;
  /** Where the exit code is written, as text, under the container's ID. */
  readonly exits: string;
  /** Its path; null for none. */
  readonly log: string | null;
  /** Bytes after which conmon begins a new one. */
  readonly logMaxSize?: number;
  /** Descriptors that it keeps open as long as it lives: the host ports of its container. */
  readonly held: readonly number[];
}

/**
 * Creates a container under conmon, which keeps its streams, writes its log and waits for its end:
 * 2.5 MB, where a waiting Node takes 45. Resolves with the pid of the first process, created but not
 * started. conmon outlives this process on purpose.
 */
export async function createMonitored(runtime: OciRuntime, options: MonitorOptions): Promise<number> {
  const { id, bundle } = options;
  const args = ['-n', id, '-p', `${bundle}/pidfile`, '-P', `${bundle}/conmon.pid`, '--exit-dir', options.exits];
  if (options.logMaxSize) args.push('--log-size-max', `${options.logMaxSize}`);
  const conmon = new Conmon(
    runtime,
    id,
    bundle,
    [...args, '-l', options.log === null ? 'off' : `k8s-file:${withoutColon(options.log, bundle)}`],
    options,
    options.held,
  );
  try {
    conmon.go();
    return await conmon.pid('create');
  } finally {
    conmon.release();
  }
}

/** conmon takes a colon for the end of a log's path, and would write to that: here it goes through a link in the bundle. */
function withoutColon(log: string, bundle: string): string {
  if (!log.includes(':')) return log;
  symlinkSync(dirname(log), `${bundle}/logs`);
  return `${bundle}/logs/${basename(log)}`;
}

export interface SessionOptions extends Streams {
  readonly container: string;
  /** A folder of the session's own that holds process.json; conmon's socket comes here. Short, as above. */
  readonly dir: string;
  readonly attach: boolean;
}

/** One more process in a running container, with its streams if attached. Call `close` at the end, or to leave it. */
export interface Session {
  readonly socket: AttachSocket | null;
  /** Its exit code; of one that nobody is attached to 0, at once. */
  readonly exit: Promise<number>;
  close(): void;
  /** Ends the process, unless it has ended. */
  kill(): void;
}

/** Runs one more process under a conmon of its own, attached from its first byte on or not at all. */
export async function execMonitored(runtime: OciRuntime, options: SessionOptions): Promise<Session> {
  const { container, dir, attach } = options;
  const args = ['-e', '--exec-process-spec', `${dir}/process.json`, '-p', `${dir}/pidfile`, '-l', 'off'];
  if (attach) args.push('--exec-attach');
  // With a terminal crun tells what kept the command from starting to that, where nobody hears it.
  const log = options.tty ? memoryFile() : null;
  if (log !== null) args.push('--runtime-arg', '--log', '--runtime-arg', `/proc/${process.pid}/fd/${log}`);
  const conmon = new Conmon(runtime, container, dir, args, options);
  let socket: AttachSocket | null = null;
  let pid: number;
  try {
    if (attach) {
      conmon.go(false);
      await conmon.listening(); // conmon runs nothing until we are connected and say so a second time
      socket = new AttachSocket(dir);
    }
    conmon.go();
    pid = await conmon.pid('exec', () => (log === null ? '' : memoryText(log)));
  } catch (error) {
    socket?.close();
    conmon.release();
    throw error;
  } finally {
    if (log !== null) closeSync(log);
  }
  if (!attach) conmon.release();
  let over = false;
  const exit = attach ? conmon.exit().finally(() => (over = true)) : Promise.resolve(0);
  return {
    socket,
    exit,
    kill: () => {
      if (!over) process.kill(pid, 'SIGKILL'); // conmon has not reaped it, so the number is still its own
    },
    close: () => {
      socket?.close();
      conmon.release();
    },
  };
}

/** The exit code that conmon left, or null while there is none. */
export function readExit(exits: string, id: string): number | null {
  const file = `${exits}/${id}`;
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8').trim();
  return /^\d+$/.test(text) ? Number(text) : null;
}
