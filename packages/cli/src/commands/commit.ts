import { type CommitOptions, type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { commitBatch, namesFrom } from '../commit/batch.ts';
import { matching } from '../commit/matching.ts';
import { addCommitFlags, type CommitFlags, collect, commitOptions, engineOptions } from '../commit/options.ts';
import { addFilterFlag } from '../flags/filter.ts';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags extends CommitFlags {
  readonly all?: true;
  readonly filter: readonly string[];
  readonly fromFile: readonly string[];
  readonly tag?: string;
  readonly jobs?: string;
  readonly json?: true;
  readonly verbose?: true;
  readonly from?: string;
  readonly trustMtime?: boolean;
}

export function define(command: Command): void {
  command
    .usage('[options] CONTAINER [REPOSITORY[:TAG]]\n       mica commit [options] --tag TEMPLATE CONTAINER...')
    .argument('[container...]', 'one and the new name, or with --tag, --all, --filter or --from-file any number');
  const chosen = addCommitFlags(command).option('--all', 'every container');
  addFilterFlag(chosen, 'those that ps -a --filter shows, beside those that are named: name=, label=, ancestor=, …')
    .option('--from-file <list>', 'those named in a file, one a line; - for standard input', collect, [])
    .option('--tag <template>', 'names of the images: {name} {id} {image} {n} {date}')
    .option('-j, --jobs <n>', 'how many at once; as many as there are processors unless given')
    .option('--json', 'a line of JSON for each container, as it is done')
    .option('--verbose', 'say what it did, and how long the container stood still')
    .option('--from <dir>', 'commit what a plain directory differs from an image by; needs no container and no root')
    .option('--trust-mtime', 'with --from: take equal size and time for equal bytes')
    .addHelpText(
      'after',
      `
CMD and ENTRYPOINT stay those of the container's image; -c changes them.

Examples:
  mica commit -a ann -m "add config" -c 'CMD ["serve"]' web web:1.1
  mica commit --from tree web:1.0 web:1.1
  mica commit --tag 'ckpt/{name}:{date}' web db queue
  mica commit --all --filter label=lab=3 --tag 'lab3/{name}'`,
    )
    .action((names: string[], flags: Flags, command: Command) =>
      withEngine(command, (engine) => run(engine, names, flags), engineOptions(flags)),
    );
}

async function run(engine: Engine, names: string[], flags: Flags): Promise<void> {
  refuseMixed(flags);
  await (isBatch(flags) ? many(engine, names, flags) : one(engine, names, flags));
  engine.settleBeside();
}

/** A flag that says nothing in the company it is in is an error: without it something else would be done. */
function refuseMixed(flags: Flags): void {
  const directory = flags.from !== undefined;
  const batch = isBatch(flags);
  const refuse = (flag: string, what: string) => {
    throw new MicaError('invalid-argument', `${flag} is for ${what}`, { subject: flag, hint: 'leave it out' });
  };
  const ofContainers = {
    '--all': flags.all,
    '--filter': flags.filter.length > 0,
    '--from-file': flags.fromFile.length > 0,
    '--tag': flags.tag !== undefined,
    '--json': flags.json,
    '--incremental': flags.incremental,
    '--full': flags.full,
    '--pause': flags.pause !== true,
    '--hasher': flags.hasher !== undefined,
  };
  for (const [flag, given] of Object.entries(ofContainers))
    if (given && directory) refuse(flag, 'containers, not for --from');
  if (flags.trustMtime && !directory) refuse('--trust-mtime', '--from');
  if (flags.verbose && batch) refuse('--verbose', 'one container; --json tells as much of each');
  if (flags.jobs !== undefined && !batch) refuse('--jobs', 'many containers');
}

function isBatch(flags: Flags): boolean {
  return flags.json === true || isList(flags);
}

/** Any number of containers is named; with --json alone it is one and the new name, as without. */
function isList({ all, filter, fromFile, tag, json, jobs }: Flags): boolean {
  const many = all || filter.length > 0 || fromFile.length > 0 || tag !== undefined;
  return many || (json === true && jobs !== undefined);
}

function containerAndName([container, name, ...more]: readonly string[]): [string, string | undefined] {
  // As docker: an empty name is none.
  if (container !== undefined && more.length === 0) return [container, name || undefined];
  throw new MicaError('invalid-argument', '"mica commit" requires at least 1 and at most 2 arguments', {
    hint: "a container and the new name; several containers need --tag, for example --tag '{name}:saved'",
  });
}

async function one(engine: Engine, names: readonly string[], flags: Flags): Promise<void> {
  const [container, name] = containerAndName(names);
  using interrupt = interruptible({ freezes: flags.from === undefined });
  using progress = byteProgress('committing');
  const task = { ...commitOptions(flags), signal: interrupt.signal, onProgress: progress.show };
  const result = await commit(engine, container, name, flags, task).catch(interrupt.told('nothing was kept'));
  progress.clear();
  print(`${result.imageId}\n`);
  if (!flags.verbose) return;
  const what = result.layer ? `${result.layer.entries} entries, ${result.layer.size} bytes` : 'nothing changed';
  process.stderr.write(`${what}; frozen for ${result.frozenMs.toFixed(1)} ms\n`);
}

function commit(engine: Engine, container: string, name: string | undefined, flags: Flags, task: CommitOptions) {
  const { from, trustMtime } = flags;
  if (from !== undefined) return engine.commitFrom(from, container, name, { ...task, trustMtime: trustMtime ?? false });
  return engine.commit(container, name, task);
}

async function many(engine: Engine, names: readonly string[], flags: Flags): Promise<void> {
  if (!isList(flags)) {
    const [container, tag] = containerAndName(names);
    return commitBatch(
      engine,
      { names: [container] },
      { ...commitOptions(flags), ...(tag === undefined ? {} : { tag }) },
      { json: true, none: '' },
    );
  }
  // An unset variable in a script would leave many images without a name.
  if (flags.tag === '')
    throw new MicaError('invalid-argument', 'the tag template is empty', {
      subject: '--tag',
      hint: "for example --tag '{name}:saved'; leave it out for images without a name",
    });
  const listed = flags.fromFile.flatMap(namesFrom);
  const all = [...names, ...listed];
  if (all.length === 0 && !flags.all && flags.filter.length === 0)
    throw new MicaError('invalid-argument', 'no container named', { hint: 'name some, or give --all or --filter' });
  const jobs = flags.jobs === undefined ? undefined : Number(flags.jobs);
  if (jobs !== undefined && (!/^\d+$/.test(flags.jobs ?? '') || jobs < 1 || jobs > 256))
    throw new MicaError('invalid-argument', `invalid number of jobs: ${flags.jobs}`, {
      hint: 'a whole number up to 256',
    });
  const isFiltered = flags.filter.length > 0;
  return commitBatch(
    engine,
    isFiltered
      ? { names: [...all, ...(await matching(engine, flags.filter))] }
      : { names: all, all: flags.all ?? false },
    { ...commitOptions(flags), ...(flags.tag ? { tag: flags.tag } : {}), ...(jobs ? { jobs } : {}) },
    {
      json: flags.json ?? false,
      none: isFiltered ? `no container matches ${flags.filter.join(', ')}` : 'there is no container',
    },
  );
}
