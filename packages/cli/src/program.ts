import { Command, CommanderError } from 'commander';
import { groups, type Verb, verbs } from './commands/index.ts';
import { takeDockerSpelling } from './pflag.ts';
import { report } from './session.ts';

const version = '0.1.0';

/** Global options that take a value: their value is not the verb. */
const valued = new Set(['--root', '--runtime']);

/** The words that are no global option, up to two: the verb, or a group and its verb. */
function calledWords(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 2; at < argv.length && words.length < 2; at++) {
    const word = argv[at] as string;
    if (valued.has(word)) at++;
    else if (!word.startsWith('-')) words.push(word);
    // Past the verb every option is the verb's own.
    else if (words.length > 0 && !((words[0] as string) in groups)) break;
  }
  return words[0] === 'help' ? words.slice(1) : words;
}

/** Every verb by name and summary; the called one with its flags and action. */
async function build(argv: readonly string[]): Promise<Command> {
  const program = new Command('mica')
    .description('git for containers: run, change, look, commit')
    .version(`mica version ${version}`, '-v, --version', 'show the version')
    .option('--root <dir>', 'the store (MICA_ROOT)')
    .option('--runtime <name>', 'crun, runc or a path (MICA_RUNTIME)', process.env.MICA_RUNTIME ?? 'auto')
    .enablePositionalOptions()
    .exitOverride();
  const parents = new Map<string, Command>(
    Object.entries(groups).map(([name, summary]) => [
      name,
      program.command(name).summary(summary).enablePositionalOptions().exitOverride(),
    ]),
  );
  const words = calledWords(argv);
  for (const verb of verbs) for (const name of verb.names) await add(program, parents, verb, name, words);
  return program;
}

async function add(
  program: Command,
  parents: ReadonlyMap<string, Command>,
  verb: Verb,
  name: string,
  words: readonly string[],
): Promise<void> {
  const [first, last] = name.split(' ') as [string, string?];
  const parent = last === undefined ? program : parents.get(first);
  if (parent === undefined) throw new Error(`no group for the verb ${name}`);
  const called = words[0] === first && (last === undefined || words[1] === last);
  // Only a verb's first name at the top and the first in each group stand in the help.
  const alias = verb.names.find((other) => groupOf(other) === groupOf(name)) !== name;
  const command = parent.command(last ?? first, { hidden: verb.hidden === true || alias });
  command.summary(verb.summary).exitOverride();
  if (!called) return;
  (await verb.load()).define(command);
  takeDockerSpelling(command);
}

function groupOf(name: string): string {
  return name.includes(' ') ? name.slice(0, name.indexOf(' ')) : '';
}

export async function main(argv: readonly string[]): Promise<void> {
  // A reader that went away (mica ps | head -1) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await (await build(argv)).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 125;
    else {
      const code = report(error);
      // docker's: what run or create could not do itself is 125, so that 1 can be the container's own.
      const words = calledWords(argv);
      const verb = words[0] === 'container' ? words[1] : words[0];
      process.exitCode = code === 1 && (verb === 'run' || verb === 'create') ? 125 : code;
    }
  }
}
