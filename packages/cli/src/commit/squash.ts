import type { Command } from 'commander';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';
import { timestampOf } from './options.ts';

export interface SquashFlags {
  readonly tag?: string;
  readonly author?: string;
  readonly message?: string;
  readonly timestamp?: string;
  readonly onto?: string;
}

/** What `squash` and `flatten` have in common. */
export function addSquashFlags(command: Command): Command {
  return command
    .argument('<image>')
    .option('-t, --tag <name>', 'REPOSITORY[:TAG] of the new image')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'a message for its history')
    .option('--timestamp <seconds>', 'the date in the image, seconds since 1970 (SOURCE_DATE_EPOCH)');
}

/** Makes the image and prints its ID; `flatten`: all of it one layer. */
export function squash(command: Command, image: string, given: SquashFlags, flatten: boolean): Promise<void> {
  const { tag, timestamp, ...flags } = given;
  return withEngine(command, async (engine) => {
    using interrupt = interruptible();
    using progress = byteProgress('packing');
    const task = { ...timestampOf(timestamp), signal: interrupt.signal, onProgress: progress.show };
    const options = { ...flags, ...task, ...(flatten ? { flatten } : {}) };
    const id = await engine.squash(image, tag, options).catch(interrupt.told('nothing was kept'));
    progress.clear();
    print(`${id}\n`);
  });
}
