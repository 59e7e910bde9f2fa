import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One whole process: what a person at a shell waits for. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface Finished {
  readonly seconds: number;
  readonly stdout: string;
}

/** A command that did not exit with 0; the message is its last line on standard error. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** From before the fork to after the wait. @throws CommandFailed */
export function run(command: Command): Finished {
  const [file = '', ...args] = command.argv;
  const start = process.hrtime.bigint();
  const done = spawnSync(file, args, {
    env: { ...process.env, ...command.env },
    input: command.input ?? '',
    maxBuffer: 1 << 28,
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (done.error) throw new CommandFailed(`${file}: ${done.error.message}`, { cause: done.error });
  if (done.status !== 0) {
    const said = done.stderr.toString().trim().split('\n').at(-1) ?? '';
    throw new CommandFailed(`${command.argv.slice(0, 4).join(' ')}: ${said || `exit code ${done.status}`}`);
  }
  return { seconds, stdout: done.stdout.toString() };
}

/**
 * {@link run} under time(1), 1 ms more: also the peak resident memory in KiB of the process and of those it waited
 * for (wait4's ru_maxrss); null where there is no time(1).
 */
export function runMeasured(command: Command): Finished & { readonly peakKiB: number | null } {
  const work = mkdtempSync(join(tmpdir(), 'mica-bench-time-'));
  try {
    const argv = ['/usr/bin/time', '-f', '%M', '-o', join(work, 'rss'), '--', ...command.argv];
    const done = run({ ...command, argv });
    return { ...done, peakKiB: Number(readFileSync(join(work, 'rss'), 'utf8').trim().split('\n').at(-1)) };
  } catch (error) {
    if (error instanceof CommandFailed && error.message.includes('ENOENT')) return { ...run(command), peakKiB: null };
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs it and takes what it printed, less the last line's end. */
export function output(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return run({ argv, env }).stdout.trim();
}
