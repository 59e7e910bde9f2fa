import { closeSync, existsSync, readFileSync, symlinkSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { MicaError } from '../error.ts';
import { makePipe, memoryFile, memoryText, spawnProcess, waitFor } from '../system/spawn.ts';
import { withUsualUmask } from '../system/umask.ts';
import { AttachSocket } from './attach.ts';
import { type OciRuntime, requireProgram } from './oci-runtime.ts';
import { PipeLines } from './pipe-lines.ts';
import { runtimeError } from './runtime-error.ts';

interface Streams {
  /** The program that is to run, for the error if it cannot. */
  readonly command: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Standard input outlives the one who is attached to it (`run -d -i`). */
  readonly keepStdin?: boolean;
  /** Run by conmon after the end. */
  readonly exitCommand: readonly string[];
}

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
  const monitor = new Monitor(
    runtime,
    id,
    bundle,
    [...args, '-l', options.log === null ? 'off' : `k8s-file:${withoutColon(options.log, bundle)}`],
    options,
    options.held,
  );
  try {
    monitor.go();
    return await monitor.pid('create');
  } finally {
    monitor.release();
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
  const monitor = new Monitor(runtime, container, dir, args, options);
  let socket: AttachSocket | null = null;
  let pid: number;
  try {
    if (attach) {
      monitor.go(false);
      await monitor.listening(); // conmon runs nothing until we are connected and say so a second time
      socket = new AttachSocket(dir);
    }
    monitor.go();
    pid = await monitor.pid('exec');
  } catch (error) {
    socket?.close();
    monitor.release();
    throw error;
  }
  if (!attach) monitor.release();
  let over = false;
  const exit = attach ? monitor.exit().finally(() => (over = true)) : Promise.resolve(0);
  return {
    socket,
    exit,
    kill: () => {
      if (!over) process.kill(pid, 'SIGKILL'); // conmon has not reaped it, so the number is still its own
    },
    close: () => {
      socket?.close();
      monitor.release();
    },
  };
}

/**
 * conmon's side of the conversation (src/conmon.c): it waits for a byte on the start pipe, and says on
 * the sync pipe, one JSON object a line, the pid (−1 with the runtime's message when that failed), then
 * for an exec its exit code.
 */
class Monitor {
  #pid = 0;
  readonly #command: string;
  readonly #stderr = memoryFile();
  readonly #start: number;
  readonly #sync: PipeLines;
  readonly #attach: PipeLines;
  readonly #open: Set<number>;

  constructor(
    runtime: OciRuntime,
    id: string,
    dir: string,
    more: readonly string[],
    streams: Streams,
    held: readonly number[] = [],
  ) {
    this.#command = streams.command;
    const args = ['--api-version', '1', '-c', id, '-u', id, '-r', runtime.path, '-b', dir, '--full-attach', ...more];
    // Without: an fsync of the log before the exit code is written. A log has to outlive a process, not a power cut.
    args.push('--no-sync-log', '--log-level', 'error', '--runtime-arg', '--root', '--runtime-arg', runtime.root);
    if (streams.tty) args.push('-t');
    else if (streams.stdin) args.push('-i');
    if (streams.keepStdin) args.push('--leave-stdin-open');
    const [program, ...rest] = streams.exitCommand;
    if (program !== undefined) args.push('--exit-command', program);
    for (const argument of rest) args.push('--exit-command-arg', argument);
    const [sync, start, attach] = [makePipe(), makePipe(), makePipe()];
    this.#sync = new PipeLines(sync.from);
    this.#start = start.to;
    this.#attach = new PipeLines(attach.from);
    this.#open = new Set([this.#stderr, sync.from, start.to, attach.from]);
    try {
      const program = requireProgram('conmon', 'conmon');
      // The runtime makes mount points in the container's rootfs by this process's umask.
      this.#pid = withUsualUmask(() =>
        spawnProcess(program, args, {
          cwd: dir,
          detached: true,
          stdio: [null, null, this.#stderr, sync.to, start.from, attach.to, ...held],
          // TMPDIR: where it makes the socket that the terminal comes through; 108 bytes for its path, as above.
          env: {
            ...process.env,
            TMPDIR: dirname(runtime.root),
            _OCI_SYNCPIPE: '3',
            _OCI_STARTPIPE: '4',
            _OCI_ATTACHPIPE: '5',
          },
        }),
      );
    } catch (error) {
      this.release();
      throw error;
    } finally {
      for (const fd of [sync.to, start.from, attach.to]) closeSync(fd);
    }
  }

  go(last = true): void {
    try {
      writeSync(this.#start, '\0');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // it died first: the sync pipe says why
    }
    if (last) this.#close(this.#start);
  }

  async listening(): Promise<void> {
    if ((await this.#attach.next()) === null) throw this.#failure('exec');
  }

  async pid(doing: string): Promise<number> {
    const said = parse((await this.#sync.next()) ?? '');
    this.#reap();
    if (said.data > 0) return said.data;
    throw this.#failure(doing, said.message);
  }

  /** 137 when conmon was killed and its process with it. */
  async exit(): Promise<number> {
    const line = await this.#sync.last();
    this.#open.delete(this.#sync.fd);
    return line === '' ? 137 : parse(line).data;
  }

  /** Lets go: conmon lives on, this process may end. */
  release(): void {
    this.#reap();
    if (this.#sync.stop()) this.#open.delete(this.#sync.fd);
    for (const fd of this.#open) this.#close(fd);
  }

  /** It goes to the background before it says a word: what was started ends at once. */
  #reap(): void {
    if (this.#pid === 0) return;
    waitFor(this.#pid);
    this.#pid = 0;
  }
  #close(fd: number): void {
    if (this.#open.delete(fd)) closeSync(fd);
  }
  #failure(doing: string, message?: string): MicaError {
    return runtimeError(message || memoryText(this.#stderr) || 'conmon ended without a word', doing, this.#command);
  }
}

function parse(line: string): { data: number; message?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return { data: -1 };
  }
}

/** The exit code that conmon left, or null while there is none. */
export function readExit(exits: string, id: string): number | null {
  const file = `${exits}/${id}`;
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8').trim();
  return /^\d+$/.test(text) ? Number(text) : null;
}
