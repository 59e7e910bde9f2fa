import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, MicaError, type Usage } from '@mica/engine';
import type { Command } from 'commander';
import { addFormatFlag, formatRows } from '../list.ts';
import { statsList, statsRow } from '../rows/stats.ts';
import { withEngine } from '../session.ts';

interface Flags {
  readonly all?: boolean;
  readonly format?: string;
  readonly stream: boolean;
  readonly trunc: boolean;
}

export function define(command: Command): void {
  addFormatFlag(command.argument('[container...]'))
    .option('-a, --all', 'also those that are not running')
    .option('--no-stream', 'once')
    .option('--no-trunc', 'whole IDs')
    .addHelpText('after', '\nExample:\n  mica stats --no-stream web')
    .action((names: string[], flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        for (const name of names) engine.containers.summary(name); // docker's: an unknown name is told before anything is shown
        const before = new Map<string, Usage>();
        look(engine, names, flags, before);
        for (;;) {
          await sleep(1000); // the processor's share is of the time between two looks
          const text = await formatRows(statsList, look(engine, names, flags, before), flags);
          if (!flags.stream) {
            process.stdout.write(text);
            return;
          }
          process.stdout.write(process.stdout.isTTY ? `\x1b[2J\x1b[H${text}` : text);
        }
      }),
    );
}

function look(engine: Engine, names: readonly string[], flags: Flags, before: Map<string, Usage>) {
  const all = names.length > 0 ? names.flatMap((name) => summary(engine, name)) : engine.containers.list(flags.all);
  return all.map(({ id, name }) => {
    const now = usage(engine, id);
    const row = statsRow(name, id, now, before.get(id), !flags.trunc);
    if (now) before.set(id, now);
    return row;
  });
}

/** A container that was removed between two looks just is not shown any more. */
function summary(engine: Engine, name: string) {
  return unlessGone(() => [engine.containers.summary(name)], []);
}
function usage(engine: Engine, id: string): Usage | null {
  return unlessGone(() => engine.containers.stats(id), null);
}
function unlessGone<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MicaError && error.code === 'no-such-container') return otherwise;
    throw error;
  }
}
