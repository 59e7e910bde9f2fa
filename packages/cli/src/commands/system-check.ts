import type { Command } from 'commander';
import { humanSize } from '../format.ts';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .description(
      'Reads every blob, layer and image of the store, compares them with their digests and says what is damaged. Exit code 1 when something is.',
    )
    .option('--deep', 'the files of unpacked layers, byte for byte, with their blobs')
    .addHelpText('after', '\nExamples:\n  mica system check\n  mica system check --deep')
    .action(({ deep }: { deep?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        using interrupt = interruptible();
        using progress = byteProgress('checking');
        const options = { deep: deep ?? false, signal: interrupt.signal, onProgress: progress.show };
        const report = await engine.check(options).catch(interrupt.told('not all of it was looked at'));
        progress.clear();
        for (const problem of report.problems) print(`damaged: ${problem}\n`);
        const { blobs, layers, images, bytes, problems } = report;
        const what = `${blobs} blobs (${humanSize(bytes)}), ${layers} layers, ${images} images`;
        print(`${what}: ${problems.length === 0 ? 'all whole' : `${problems.length} damaged`}\n`);
        if (problems.length > 0) process.exitCode = 1;
        else engine.settle();
      }),
    );
}
