import { type ContainerSummary, type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { addFilterFlag } from '../flags/filter.ts';
import { addFormatFlag, printList } from '../list.ts';
import { containerList, containerRow } from '../rows/container.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly all?: boolean;
  readonly filter: readonly string[];
  readonly format?: string;
  readonly last?: string;
  readonly latest?: boolean;
  readonly quiet?: boolean;
  readonly size?: boolean;
  readonly trunc: boolean;
}

export function define(command: Command): void {
  addFormatFlag(addFilterFlag(command.option('-a, --all', 'also those that are not running')))
    .option('-n, --last <number>', 'the last created ones, in whatever state')
    .option('-l, --latest', 'the last created one')
    .option('--no-trunc', 'whole IDs and commands')
    .option('-q, --quiet', 'only IDs')
    .option('-s, --size', 'also their size on disk')
    .addHelpText(
      'after',
      "\nExamples:\n  mica ps -a\n  mica ps -a --filter status=exited --format '{{.Names}}: {{.Status}}'",
    )
    .action((flags: Flags, command: Command) => withEngine(command, (engine) => ps(engine, flags)));
}

async function ps(engine: Engine, flags: Flags): Promise<void> {
  const size = flags.size === true || /\.Size\b/.test(flags.format ?? '');
  const containers = await select(engine, flags, size);
  const rows = containers.map((container) => containerRow(container, !flags.trunc));
  if (flags.quiet && flags.format)
    process.stderr.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
  if (flags.quiet) print(rows.map(({ ID }) => `${ID}\n`).join(''));
  else await printList(containerList(flags.size === true), rows, flags);
}

async function select(engine: Engine, flags: Flags, size: boolean): Promise<ContainerSummary[]> {
  const last = flags.latest ? 1 : lastCount(flags.last);
  if (flags.filter.length === 0)
    return engine.containers.list(flags.all || last !== undefined, { size }).slice(0, last);
  const { containerFilters, filterContainers } = await import('../rows/container-filter.ts');
  const filters = containerFilters(flags.filter);
  // A filter of states is asked of all, as in docker.
  const all = flags.all === true || last !== undefined || filters.has('status');
  const found = filterContainers(engine, engine.containers.list(true, { size }), filters);
  return found.filter(({ status }) => all || status === 'running' || status === 'paused').slice(0, last);
}

function lastCount(text: string | undefined): number | undefined {
  if (text === undefined || text === '-1') return undefined;
  if (!/^-?\d+$/.test(text))
    throw new MicaError('invalid-argument', `invalid argument ${JSON.stringify(text)} for "-n, --last" flag`, {
      exitCode: 125,
    });
  return Number(text) <= 0 ? undefined : Number(text);
}
