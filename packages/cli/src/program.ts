import { MicaError } from '@mica/engine';
import { Command, type CommanderError } from 'commander';
import { groups, type Verb, verbs } from './commands/index.ts';
import { report } from './report.ts';
import { outputTaken, print, watchOutput } from './standard-output.ts';
import { takeDockerSpelling } from './usage/pflag.ts';
import { version } from './version.ts';

export { ownProcess } from '@mica/engine';
export { endAtOnce } from './standard-output.ts';

/** Global options that take a value: their value is not the verb. */
const valued = new Set(['--root', '--runtime']);

/** The verb, or a group and its verb, and the place of the word after it. */
interface Called {
  readonly words: readonly string[];
  readonly next: number;
}

function calledWords(argv: readonly string[]): Called {
  const words: string[] = [];
  let at = 2;
  for (; at < argv.length; at++) {
    const word = argv[at] as string;
    if (valued.has(word)) at++;
    else if (!word.startsWith('-')) words.push(word);
    // Past the verb every option is the verb's own.
    if (words.length === 2 || (words.length === 1 && words[0] !== 'help' && !isGroup(words[0]))) break;
  }
  return { words: words[0] === 'help' ? words.slice(1) : words, next: at + 1 };
}

function isGroup(word: string | undefined): boolean {
  return word !== undefined && Object.hasOwn(groups, word);
}

/**
 * The called verb with its flags and action; where none is called by a name that exists, every verb by name
 * and summary, for the help and for what was meant. Eighty commands that nobody reads are 10 ms of each call.
 */
async function build(words: readonly string[]): Promise<{ program: Command; called: Command | null }> {
  const program = new Command('mica')
    .description('Git for containers: run, change, look, commit.')
    .version(`mica version ${version}`, '-v, --version', 'show the version')
    .option('--root <dir>', 'the store (MICA_ROOT)')
    .option('--runtime <name>', 'crun, runc or a path (MICA_RUNTIME)', process.env.MICA_RUNTIME ?? 'auto')
    .helpCommand('help [command]', 'show what a command does')
    .enablePositionalOptions();
  hushed(program);
  const parents = new Map<string, Command>();
  for (const [name, summary] of Object.entries(groups))
    parents.set(name, hushed(program.command(name).summary(summary).enablePositionalOptions()));
  let called = words.length === 1 ? parents.get(words[0] as string) : undefined;
  const asked = verbs.filter(({ names }) => names.includes(words.join(' ')));
  for (const verb of asked.length > 0 ? asked : verbs)
    for (const name of verb.names) called = (await add(program, parents, verb, name, words)) ?? called;
  return { program, called: called ?? null };
}

async function add(
  program: Command,
  parents: ReadonlyMap<string, Command>,
  verb: Verb,
  name: string,
  words: readonly string[],
): Promise<Command | undefined> {
  const [first, last] = name.split(' ') as [string, string?];
  const parent = last === undefined ? program : parents.get(first);
  if (parent === undefined) throw new Error(`no group for the verb ${name}`);
  // Only a verb's first name at the top and the first in each group stand in the help.
  const alias = verb.names.find((other) => groupOf(other) === groupOf(name)) !== name;
  const command = hushed(parent.command(last ?? first, { hidden: verb.hidden === true || alias }));
  command.summary(verb.summary);
  if (words[0] !== first || (last !== undefined && words[1] !== last)) return undefined;
  (await verb.load()).define(command);
  takeDockerSpelling(command);
  return command;
}

function groupOf(name: string): string {
  return name.includes(' ') ? name.slice(0, name.indexOf(' ')) : '';
}

/**
 * commander neither prints what is wrong nor ends the process: {@link main} does, in docker's words. Help does not go
 * through a stream, whose error would come when the process has ended already.
 */
function hushed(command: Command): Command {
  return command.configureOutput({ writeOut: print, outputError: () => {} }).exitOverride((error) => {
    throw new Stopped(command, error);
  });
}

class Stopped extends Error {
  readonly command: Command;
  readonly reason: CommanderError;
  constructor(command: Command, reason: CommanderError) {
    super(reason.message);
    this.command = command;
    this.reason = reason;
  }
}

/** Runs the command; its exit code is left in `process.exitCode`, and what it said has been taken. */
export async function main(argv: readonly string[]): Promise<void> {
  watchOutput();
  await run(argv);
  await outputTaken();
}

async function run(argv: readonly string[]): Promise<void> {
  if (argv[2] === '__complete')
    return (await import('./completion/answer.ts')).answerCompletion(argv.slice(3), { calledWords, build });
  const { words, next } = calledWords(argv);
  try {
    const { program, called } = await build(words);
    const asked = argv.slice(2).some((word) => word === '--help' || word === '-h' || word === 'help');
    const bare = argv.length === 2 || (isGroup(words[0]) && words.length === 1);
    if (asked || bare) (await import('./usage/help.ts')).useDockerHelp(program);
    if (bare && !asked && (argv.length === 2 || next > argv.length)) return void (called ?? program).outputHelp();
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = await failed(error, words);
  }
}

async function failed(error: unknown, words: readonly string[]): Promise<number> {
  if (error instanceof Stopped) {
    const { usageError } = await import('./usage/usage-error.ts');
    const wrong = usageError(error.command, error.reason);
    if (wrong === null) return 0;
    process.stderr.write(`${wrong.text}\n`);
    return wrong.exitCode;
  }
  const code = report(error);
  // docker's: what run could not do itself is 125, so that 1 can be the container's own; but for the terminal.
  const verb = words[0] === 'container' ? words[1] : words[0];
  const noTerminal = error instanceof MicaError && error.code === 'no-terminal';
  return code === 1 && verb === 'run' && !noTerminal ? 125 : code;
}
