import type { LogQuery } from '@mica/engine';
import type { Command } from 'commander';
import { given, optionalTime } from '../flags/values.ts';
import { logDetails } from '../log-details.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly details?: boolean;
  readonly follow?: boolean;
  readonly since?: number | '';
  readonly tail?: number | 'all';
  readonly timestamps?: boolean;
  readonly until?: number | '';
}

export function define(command: Command): void {
  command
    .argument('<container>')
    .option('--details', 'with the labels and variables that --log-opt labels and env name')
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
        const details = flags.details ? Buffer.from(logDetails(engine.containers.inspect(name))) : null;
        const output = new Output();
        for await (const { stream, time, text } of engine.containers.logs(name, query)) {
          const fd = stream === 'stderr' ? 2 : 1;
          if (flags.timestamps) output.add(fd, Buffer.from(`${time} `));
          if (details) output.add(fd, details);
          output.add(fd, text);
        }
        output.flush();
      }),
    );
}

const BLOCK = 65_536;

/**
 * Lines in blocks, each written as soon as no more of them are there. A stream would keep all that a slower reader has
 * not taken yet: of a log of 140 MB 1.5 GB.
 */
class Output {
  #fd: 1 | 2 = 1;
  #parts: Uint8Array[] = [];
  #size = 0;

  add(fd: 1 | 2, part: Uint8Array): void {
    if (fd !== this.#fd || this.#size >= BLOCK) this.flush();
    if (this.#parts.length === 0) setImmediate(() => this.flush()); // when the log has no more for now
    this.#fd = fd;
    this.#parts.push(part);
    this.#size += part.length;
  }

  flush(): void {
    if (this.#parts.length > 0) print(Buffer.concat(this.#parts), this.#fd);
    this.#parts = [];
    this.#size = 0;
  }
}

/** docker's: whatever is no number, or less than 0, is all. Not undefined for it: commander makes an empty text of that. */
function tail(text: string): number | 'all' {
  return /^\d+$/.test(text) ? Number(text) : 'all';
}
