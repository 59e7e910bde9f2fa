import { Engine, type EngineOptions, MicaError } from '@mica/engine';
import type { Command } from 'commander';

/** Opens the engine with the global options and runs. It is not closed: the process ends after it (main.ts). */
export async function withEngine<T>(
  command: Command,
  run: (engine: Engine) => T | Promise<T>,
  more: EngineOptions = {},
): Promise<T> {
  const { root, runtime } = command.optsWithGlobals<{ root?: string; runtime?: string }>();
  const self = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const engine = new Engine({ self, ...(root ? { root } : {}), ...(runtime ? { runtime } : {}), ...more });
  return run(engine);
}

/** Runs for each name; a failure is told and the rest goes on, as docker does. `harmless`: the exit code stays 0. */
export async function forEach(
  names: readonly string[],
  run: (name: string) => unknown,
  harmless: (error: unknown) => boolean = () => false,
): Promise<void> {
  for (const name of names) {
    try {
      await run(name);
      process.stdout.write(`${name}\n`);
    } catch (error) {
      report(error);
      if (!harmless(error)) process.exitCode = 1;
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
