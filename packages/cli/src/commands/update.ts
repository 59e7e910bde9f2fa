import { MicaError, type UpdateOptions } from '@mica/engine';
import type { Command } from 'commander';
import { parseRestart } from '../flags/life.ts';
import { addChangeableFlags, type ChangeableFlags, readChangeable } from '../flags/limits.ts';
import { refuseFlags } from '../flags/unsupported.ts';
import { forEach, withEngine } from '../session.ts';

interface Flags extends ChangeableFlags {
  readonly restart?: string;
}

export function define(command: Command): void {
  const plain = 'leave it out';
  refuseFlags(command, {
    '--cpu-rt-period <microseconds>': plain,
    '--cpu-rt-runtime <microseconds>': plain,
    '--kernel-memory <bytes>': 'use --memory',
  });
  addChangeableFlags(command.argument('<container...>'))
    .option('--restart <policy>', 'no, on-failure[:MAX], always or unless-stopped')
    .addHelpText('after', '\nExample:\n  mica update -m 512m --cpus 1.5 web')
    .action((names: string[], flags: Flags, command: Command) =>
      withEngine(command, (engine) => {
        const restart = flags.restart === undefined ? {} : { restart: parseRestart(flags.restart) };
        const changes: UpdateOptions = { ...readChangeable(flags), ...restart };
        if (Object.keys(changes).length === 0)
          throw new MicaError('invalid-argument', 'you must provide one or more flags when using this command', {
            hint: 'such as --memory 512m, --cpus 2 or --restart always',
          });
        return forEach(engine, names, (name) => engine.containers.update(name, changes));
      }),
    );
}
