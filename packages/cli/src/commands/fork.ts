import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { timestampOf } from '../commit/options.ts';
import { interruptible } from '../interrupt.ts';
import { withEngine } from '../session.ts';
import { tell } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .option('-n, --number <n>', 'how many', '1')
    .option('-t, --tag <name>', 'REPOSITORY[:TAG] of the image between')
    .addHelpText(
      'after',
      '\nIf one of them cannot start, those before it run on, and the error names them.\n\nExample:\n  mica fork -n 3 sandbox',
    )
    .action((container: string, flags: { number: string; tag?: string }, command: Command) =>
      withEngine(command, async (engine) => {
        const count = Number(flags.number);
        if (!/^\d+$/.test(flags.number) || count < 1 || count > 1000)
          throw new MicaError('invalid-argument', `invalid number of containers: ${flags.number}`, {
            hint: 'a whole number up to 1000',
          });
        const reference = flags.tag === undefined ? {} : { reference: flags.tag };
        using interrupt = interruptible({ freezes: true });
        const task = { signal: interrupt.signal, ...timestampOf(undefined) };
        let started = 0;
        try {
          for await (const id of engine.fork(container, { count, ...reference, ...task })) {
            started++;
            tell(`${id}\n`);
          }
        } catch (error) {
          interrupt.told(started === 0 ? 'no container was started' : `${started} of ${count} run`)(error);
        }
      }),
    );
}
