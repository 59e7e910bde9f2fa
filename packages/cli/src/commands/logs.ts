import type { LogQuery } from '@mica/engine';
import type { Command } from 'commander';
import { refuseFlags } from '../flags/unsupported.ts';
import { given, optionalTime } from '../flags/values.ts';
import { withEngine } from '../session.ts';

interface Flags {
  readonly follow?: boolean;
  readonly since?: number | '';
  readonly tail?: number | 'all';
  readonly timestamps?: boolean;
  readonly until?: number | '';
}

export function define(command: Command): void {
  refuseFlags(command, { '--details': 'lines have no attributes beside their time: --timestamps' });
  command
    .argument('<container>')
    .option('-f, --follow', 'go on until it ends')
    .option('--since <time>', '10m ago, seconds since 1970 or a time of RFC 3339', optionalTime('since'))
    .option('-n, --tail <number>', 'the last lines; all', tail)
    .option('-t, --timestamps', 'with the time of each line')
    .option('--until <time>', 'as --since', optionalTime('until'))
    .addHelpText('after', '\nExample:\n  mica logs -f --tail 20 web')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const query = given<LogQuery>({
          since: flags.since || undefined,
          until: flags.until || undefined, // docker's: 0 is none as well
          follow: flags.follow,
          tail: flags.tail === 'all' ? undefined : flags.tail,
        });
        for await (const line of engine.containers.logs(name, query)) {
          const out = line.stream === 'stderr' ? process.stderr : process.stdout;
          if (flags.timestamps) out.write(`${line.time} `);
          out.write(line.text);
        }
      }),
    );
}

/** docker's: whatever is no number, or less than 0, is all. Not undefined for it: commander makes an empty text of that. */
function tail(text: string): number | 'all' {
  return /^\d+$/.test(text) ? Number(text) : 'all';
}
