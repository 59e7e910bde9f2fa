import type { ContainerSummary } from '@mica/engine';
import type { Command } from 'commander';
import { ago, humanDuration, shortId, table, truncate } from '../format.ts';
import { forEach, withEngine } from '../session.ts';

export function containerCommands(program: Command): void {
  program
    .command('ps')
    .summary('list containers')
    .option('-a, --all', 'also those that are not running')
    .option('-q, --quiet', 'only IDs')
    .option('--no-trunc', 'whole IDs and commands')
    .addHelpText('after', '\nExample:\n  mica ps -a')
    .action((options: { all?: boolean; quiet?: boolean; trunc: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const id = (full: string) => (options.trunc ? shortId(full) : full);
        const rows = engine.list(options.all);
        if (options.quiet) {
          process.stdout.write(rows.map((row) => `${id(row.id)}\n`).join(''));
          return;
        }
        const cells = rows.map((row) => {
          const words = row.command.join(' ');
          return [
            id(row.id),
            row.image,
            `"${options.trunc ? truncate(words, 20) : words}"`,
            ago(row.created),
            status(row),
            '',
            row.name,
          ];
        });
        process.stdout.write(table(['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'], cells));
      }),
    );

  program
    .command('start')
    .summary('start containers')
    .argument('<container...>')
    .addHelpText('after', '\nExample:\n  mica start web')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, (engine) => forEach(names, (name) => engine.start(name))),
    );

  program
    .command('stop')
    .summary('stop containers')
    .argument('<container...>')
    .option('-t, --time <seconds>', 'how long to wait before it is killed', Number, 10)
    .addHelpText('after', '\nExample:\n  mica stop -t 2 web')
    .action((names: string[], options: { time: number }, command: Command) =>
      withEngine(command, (engine) => forEach(names, (name) => engine.stop(name, options.time))),
    );

  program
    .command('kill')
    .summary('send a signal to containers')
    .argument('<container...>')
    .option('-s, --signal <signal>', 'which one', 'SIGKILL')
    .addHelpText('after', '\nExample:\n  mica kill -s HUP web')
    .action((names: string[], options: { signal: string }, command: Command) =>
      withEngine(command, (engine) => forEach(names, (name) => engine.kill(name, options.signal))),
    );

  program
    .command('wait')
    .summary('wait for containers to end and print their exit codes')
    .argument('<container...>')
    .addHelpText('after', '\nExample:\n  mica wait job')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, async (engine) => {
        for (const name of names) process.stdout.write(`${await engine.wait(name)}\n`);
      }),
    );

  program
    .command('rm')
    .summary('remove containers')
    .argument('<container...>')
    .option('-f, --force', 'also running ones')
    .addHelpText('after', '\nExample:\n  mica rm -f web')
    .action((names: string[], options: { force?: boolean }, command: Command) =>
      withEngine(command, (engine) => forEach(names, (name) => engine.remove(name, options.force))),
    );

  program
    .command('logs')
    .summary('show what a container wrote')
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

  program
    .command('sweep', { hidden: true })
    .description('remove containers that ended and were run with --rm')
    .action((_options: object, command: Command) =>
      withEngine(command, async (engine) => {
        for (const row of engine.list(true)) if (row.status === 'exited' && row.remove) await engine.remove(row.id);
      }),
    );
}

function status(row: ContainerSummary): string {
  if (row.status === 'running') return `Up ${humanDuration(Date.now() - Date.parse(row.startedAt ?? ''))}`;
  if (row.status === 'exited') return `Exited (${row.exitCode}) ${ago(row.finishedAt ?? '')}`;
  return 'Created';
}
