import { type Attachment, Engine, type EngineOptions, MicaError } from '@mica/engine';
import type { Command } from 'commander';

/** Opens the engine with the global options and runs. It is not closed: the process ends after it (main.ts). */
export async function withEngine<T>(
  command: Command,
  run: (engine: Engine) => T | Promise<T>,
  more: EngineOptions = {},
): Promise<T> {
  const { root, runtime } = command.optsWithGlobals<{ root?: string; runtime?: string }>();
  const engine = new Engine({ ...(root ? { root } : {}), ...(runtime ? { runtime } : {}), ...more });
  return run(engine);
}

/** Runs for each name; a failure is told and the rest goes on, as docker does. */
export async function forEach(names: readonly string[], run: (name: string) => unknown): Promise<void> {
  for (const name of names) {
    try {
      await run(name);
      process.stdout.write(`${name}\n`);
    } catch (error) {
      report(error);
      process.exitCode = 1;
    }
  }
}

/** One line and what to do next; the whole error only when it was asked for. */
export function report(error: unknown): number {
  if (process.env.MICA_DEBUG === '1') console.error(error);
  else {
    process.stderr.write(`mica: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof MicaError && error.hint) process.stderr.write(`  ${error.hint}\n`);
  }
  return error instanceof MicaError ? error.exitCode : 1;
}

/**
 * Connects this process's streams to a container's until it ends; the exit code. On a terminal the
 * keys go through raw; without one, signals are passed on so that Ctrl-C reaches the container.
 */
export async function connect(
  attachment: Attachment,
  options: { stdin: boolean; tty: boolean; kill: (signal: string) => void },
): Promise<number> {
  const { stdin, stdout, stderr } = process;
  attachment.stdout.pipe(stdout, { end: false });
  attachment.stderr.pipe(stderr, { end: false });
  const raw = options.tty && stdin.isTTY;
  const resize = () => attachment.resize(stdout.rows, stdout.columns);
  const forward = (signal: NodeJS.Signals) => options.kill(signal);
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  if (options.stdin) stdin.pipe(attachment.stdin);
  if (raw) {
    stdin.setRawMode(true);
    resize();
    stdout.on('resize', resize);
  } else for (const signal of signals) process.on(signal, forward);
  try {
    return await attachment.exit;
  } finally {
    if (raw) stdin.setRawMode(false);
    stdout.off('resize', resize);
    for (const signal of signals) process.off(signal, forward);
    stdin.unpipe();
    stdin.pause();
  }
}
