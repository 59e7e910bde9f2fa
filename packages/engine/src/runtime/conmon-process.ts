import { closeSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MicaError } from '../error.ts';
import { makePipe, memoryFile, memoryText, spawnProcess, waitFor } from '../system/spawn.ts';
import { withUsualUmask } from '../system/umask.ts';
import { type OciRuntime, requireProgram } from './oci-runtime.ts';
import { PipeLines } from './pipe-lines.ts';
import { runtimeError } from './runtime-error.ts';

export interface Streams {
  /** The program that is to run, for the error if it cannot. */
  readonly command: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Standard input outlives the one who is attached to it (`run -d -i`). */
  readonly keepStdin?: boolean;
  /** Run by conmon after the end. */
  readonly exitCommand: readonly string[];
}

/**
 * One conmon, from its start on, and the conversation with it (src/conmon.c): it waits for a byte on the start pipe,
 * and says on the sync pipe, one JSON object a line, the pid (−1 with the runtime's message when that failed), then
 * for an exec its exit code. The caller ends with `release`; conmon lives on.
 */
export class Conmon {
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

  /** Lets it go on; `last`: it will not be asked to once more. */
  go(last = true): void {
    try {
      writeSync(this.#start, '\0');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // it died first: the sync pipe says why
    }
    if (last) this.#close(this.#start);
  }

  /** Resolves once its socket can be connected to. */
  async listening(): Promise<void> {
    if ((await this.#attach.next()) === null) throw this.#failure('exec');
  }

  /**
   * The first process's; `doing` is for the error if there is none, and `logged` what the runtime said elsewhere.
   * @throws MicaError runtime-failed, command-not-found, command-not-executable
   */
  async pid(doing: string, logged: () => string = () => ''): Promise<number> {
    const said = parse((await this.#sync.next()) ?? '');
    this.#reap();
    if (said.data > 0) return said.data;
    throw this.#failure(doing, said.message || logged());
  }

  /** The exit code of an exec; 137 when conmon was killed and its process with it. */
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
