import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

/** @throws CommandFailed */
export function run(command: Command): string {
  return spawn(command, command.argv, 'ignore')[1];
}

/**
 * The same, timed by a shell, from before its fork to after its wait: this process's own fork copies its page tables,
 * 10 to 30 ms that nobody at a shell waits for, and that weigh most on what is fastest.
 */
export function runTimed(command: Command): Finished {
  const [, stdout, , told] = spawn(command, ['bash', '-c', TIMED, 'bash', ...command.argv], 'pipe');
  const [start, end] = told
    .trim()
    .split(' ')
    .map((seconds) => Number(seconds.replace(',', '.')));
  return { seconds: (end as number) - (start as number), stdout };
}
// Descriptor 3 is not the command's.
const TIMED = 's=$EPOCHREALTIME; "$@" 3>&-; c=$?; echo "$s $EPOCHREALTIME" >&3; exit $c';

/** What it wrote to each of its descriptors, 3 among them. */
function spawn(
  command: Command,
  [file = '', ...args]: readonly string[],
  more: 'pipe' | 'ignore',
): [string, string, string, string] {
  const done = spawnSync(file, args, {
    env: { ...process.env, ...command.env },
    input: command.input ?? '',
    stdio: ['pipe', 'pipe', 'pipe', more],
    maxBuffer: 1 << 28,
  });
  if (done.error) throw new CommandFailed(`${file}: ${done.error.message}`, { cause: done.error });
  const [, stdout = '', stderr = '', told = ''] = done.output.map((bytes) => String(bytes ?? ''));
  if (done.status !== 0) {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    // What the shell says of a program that it cannot start names it already.
    const [, byShell] = /^bash: line \d+: (.*)/.exec(said) ?? [];
    throw new CommandFailed(byShell ?? `${command.argv.slice(0, 4).join(' ')}: ${said || `exit code ${done.status}`}`);
  }
  return ['', stdout, stderr, told];
}

/**
 * {@link runTimed} under time(1), 1 ms more: also the peak resident memory in KiB of the process and of those it waited
 * for (wait4's ru_maxrss); null where there is no time(1).
 */
export function runMeasured(command: Command): Finished & { readonly peakKiB: number | null } {
  const work = mkdtempSync(join(tmpdir(), 'mica-bench-time-'));
  try {
    const argv = [TIME, '-f', '%M', '-o', join(work, 'rss'), '--', ...command.argv];
    const done = runTimed({ ...command, argv });
    return { ...done, peakKiB: Number(readFileSync(join(work, 'rss'), 'utf8').trim().split('\n').at(-1)) };
  } catch (error) {
    if (error instanceof CommandFailed && !existsSync(TIME)) return { ...runTimed(command), peakKiB: null };
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const TIME = '/usr/bin/time';

/** Runs it and takes what it printed, less the last line's end. */
export function output(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return run({ argv, env }).trim();
}
