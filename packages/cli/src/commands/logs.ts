import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .option('-t, --timestamps', 'with the time of each line')
    .addHelpText('after', '\nExample:\n  mica logs web')
    .action((name: string, options: { timestamps?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        for await (const line of engine.logs(name)) {
          const out = line.stream === 'stderr' ? process.stderr : process.stdout;
          if (options.timestamps) out.write(`${line.time} `);
          out.write(line.text);
        }
      }),
    );
}
