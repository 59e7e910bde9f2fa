import { Engine, type EngineOptions } from '@mica/engine';
import type { Command } from 'commander';
import { report } from './report.ts';
import { tell } from './standard-output.ts';

/** Opens the engine with the global options and runs. It is not closed: the process ends after it (main.ts). */
export async function withEngine<T>(
  command: Command,
  run: (engine: Engine) => T | Promise<T>,
  more: EngineOptions = {},
): Promise<T> {
  const { root, runtime } = command.optsWithGlobals<{ root?: string; runtime?: string }>();
  const self = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const engine = new Engine({ self, ...(root ? { root } : {}), ...(runtime ? { runtime } : {}), ...more });
  const lost = engine.lost.length;
  if (lost > 0)
    process.stderr.write(
      `mica: note: the machine went down before ${lost} ${lost === 1 ? 'blob was' : 'blobs were'} on its disk: mica system check lists what needs them\n`,
    );
  try {
    return await run(engine);
  } catch (error) {
    throw engine.explain(error);
  }
}

/** Runs for each name; a failure is told and the rest goes on, as docker does. `harmless`: the exit code stays 0. */
export async function forEach(
  engine: Engine,
  names: readonly string[],
  run: (name: string) => unknown,
  harmless: (error: unknown) => boolean = () => false,
): Promise<void> {
  for (const name of names) {
    try {
      await run(name);
      tell(`${name}\n`);
    } catch (error) {
      report(engine.explain(error));
      if (!harmless(error)) process.exitCode = 1;
    }
  }
}

/** Ends each; where the store cannot be written they end as well, and what of that is lost is told. */
export async function endEach(engine: Engine, names: readonly string[], end: (name: string) => unknown): Promise<void> {
  let ended = false;
  await forEach(engine, names, async (name) => {
    await end(name);
    ended = true;
  });
  if (ended && engine.isReadOnly)
    process.stderr.write(
      `mica: note: ${engine.root} cannot be written, so this is not recorded: once it can, a restart policy may start again what was ended\n`,
    );
}
