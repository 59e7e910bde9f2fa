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
        if (Object.keys(flags).length === 0)
          throw new MicaError('invalid-argument', 'you must provide one or more flags when using this command', {
            hint: 'such as --memory 512m, --cpus 2 or --restart always',
          });
        const restart = flags.restart === undefined ? {} : { restart: parseRestart(flags.restart) };
        const changes: UpdateOptions = { ...withoutZeros(readChangeable(flags)), ...restart };
        return forEach(engine, names, (name) => engine.containers.update(name, changes));
      }),
    );
}

/** docker's: a limit of 0 is a flag as any other, and changes nothing; but of processes, where it is "no limit". */
function withoutZeros(limits: UpdateOptions): UpdateOptions {
  return Object.fromEntries(Object.entries(limits).filter(([name, limit]) => limit !== 0 || name === 'pidsLimit'));
}
