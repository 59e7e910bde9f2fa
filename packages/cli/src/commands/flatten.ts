import type { Command } from 'commander';
import { interruptible } from '../commit/interrupt.ts';
import { timestampOf } from '../commit/options.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly tag?: string;
  readonly author?: string;
  readonly message?: string;
  readonly timestamp?: string;
}

export function define(command: Command): void {
  command
    .argument('<image>')
    .option('-t, --tag <name>', 'REPOSITORY[:TAG] of the new image')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'a message for its history')
    .option('--timestamp <seconds>', 'the date in the image, seconds since 1970 (SOURCE_DATE_EPOCH)')
    .addHelpText('after', '\nExample:\n  mica flatten -t web:small web:1.7')
    .action((image: string, { tag, timestamp, ...flags }: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        using interrupt = interruptible();
        using progress = byteProgress('packing');
        const task = { ...timestampOf(timestamp), signal: interrupt.signal, onProgress: progress.show };
        const id = await engine.squash(image, tag, { ...flags, flatten: true, ...task });
        progress.clear();
        print(`${id}\n`);
      }),
    );
}
