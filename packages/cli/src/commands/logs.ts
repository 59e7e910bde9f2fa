import { type LogQuery, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { refuseFlags } from '../flags/unsupported.ts';
import { given, pointInTime } from '../flags/values.ts';
import { withEngine } from '../session.ts';

interface Flags {
  readonly follow?: boolean;
  readonly since?: number;
  readonly tail?: number | 'all';
  readonly timestamps?: boolean;
  readonly until?: number;
}

export function define(command: Command): void {
  refuseFlags(command, { '--details': 'lines have no attributes beside their time: --timestamps' });
  command
    .argument('<container>')
    .option('-f, --follow', 'go on until it ends')
    .option('--since <time>', '10m ago, seconds since 1970 or a time of RFC 3339', pointInTime('--since'))
    .option('-n, --tail <number>', 'the last lines; all', tail)
    .option('-t, --timestamps', 'with the time of each line')
    .option('--until <time>', 'as --since', pointInTime('--until'))
    .addHelpText('after', '\nExample:\n  mica logs -f --tail 20 web')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { since, until, follow } = flags;
        const query = given<LogQuery>({ since, until, follow, tail: flags.tail === 'all' ? undefined : flags.tail });
        for await (const line of engine.logs(name, query)) {
          const out = line.stream === 'stderr' ? process.stderr : process.stdout;
          if (flags.timestamps) out.write(`${line.time} `);
          out.write(line.text);
        }
      }),
    );
}

/**
 * docker takes anything that is no number, and less than 0, for all; that only hides a slip. Not undefined for all:
 * commander makes an empty text of that.
 */
function tail(text: string): number | 'all' {
  if (text === 'all' || text === '-1') return 'all';
  if (/^\d+$/.test(text)) return Number(text);
  throw new MicaError('invalid-argument', `invalid argument "${text}" for "--tail" flag: a number or all`, {
    subject: '--tail',
    exitCode: 125,
  });
}
