import type { Command, CommanderError } from 'commander';

/** A command line that does not fit, in docker's words. */
export interface WrongUsage {
  readonly text: string;
  readonly exitCode: number;
}

const build = 'build with buildah or docker and bring the image by mica load; or run, change and mica commit';
const compose = 'mica network create, and mica run --network for each service: they find each other by name';
/** docker's verbs that are not here, and what does the job. */
const elsewhere: Readonly<Record<string, string>> = {
  build,
  'image build': build,
  builder: build,
  buildx: build,
  compose,
  context: 'there is no daemon to choose: MICA_ROOT names another store, and ssh HOST mica another machine',
  search: "look on the registry's own page; mica pull takes the name",
  swarm: compose,
  'volume update': 'it is for the cluster volumes of a swarm, and here is none',
};

/** 125 for a flag, 1 for an argument, as docker. null: help or the version was shown, nothing is wrong. */
export function usageError(command: Command, error: CommanderError): WrongUsage | null {
  const path = commandPath(command);
  const see = `See '${path} --help'`;
  switch (error.code) {
    case 'commander.help':
    case 'commander.helpDisplayed':
    case 'commander.version':
      return null;
    case 'commander.unknownCommand': {
      const word = quoted(error.message);
      const whole = [...path.split(' ').slice(1), word].join(' ');
      const instead = Object.hasOwn(elsewhere, whole) ? elsewhere[whole] : undefined;
      const hint = instead === undefined ? suggested(error.message, see) : `  ${instead}\n${see}`;
      return wrong(`mica: '${whole}' is not a mica command.`, hint, 1);
    }
    case 'commander.unknownOption': {
      const flag = quoted(error.message).replace(/=.*$/s, '');
      const name = flag.startsWith('--') ? `unknown flag: ${flag}` : `unknown shorthand flag: '${flag[1]}' in ${flag}`;
      return wrong(name, suggested(error.message, see), 125);
    }
    case 'commander.optionMissingArgument':
      return wrong(`flag needs an argument: ${longName(quoted(error.message))}`, see, 125);
    case 'commander.invalidArgument': {
      const [, flags = '', value = '', why = ''] =
        /option '(.*?)(?: [<[].*?)?' argument '(.*)' is invalid\. ?(.*)$/s.exec(error.message) ?? [];
      const text =
        flags === '' ? error.message : `invalid argument ${JSON.stringify(value)} for "${flags}" flag: ${why}`;
      return wrong(text, see, 125);
    }
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return wrong(`mica: '${path}' ${wantedArguments(command)}`, `${see}\n\nUsage:  ${usageLine(command)}`, 1);
    default:
      return wrong(error.message.replace(/^error: /, ''), see, 125);
  }
}

/** `mica container ls`. */
function commandPath(command: Command): string {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return names.join(' ');
}

/** `mica run [OPTIONS] IMAGE [COMMAND...]`, docker's way. */
export function usageLine(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`;
    return argument.required ? name : `[${name}]`;
  });
  const group = command.commands.length > 0;
  return [commandPath(command), '[OPTIONS]', ...args, ...(group ? ['COMMAND'] : [])].join(' ');
}

function wrong(text: string, hint: string, exitCode: number): WrongUsage {
  return { text: `${text}\n${hint}`, exitCode };
}

function wantedArguments(command: Command): string {
  const least = command.registeredArguments.filter(({ required }) => required).length;
  const endless = command.registeredArguments.some(({ variadic }) => variadic);
  const most = endless ? Number.POSITIVE_INFINITY : command.registeredArguments.length;
  const count = (number: number) => `${number} argument${number === 1 ? '' : 's'}`;
  if (most === 0) return 'accepts no arguments';
  if (endless) return `requires at least ${count(least)}`;
  if (least === most) return `requires ${count(least)}`;
  return least === 0 ? `requires at most ${count(most)}` : `requires at least ${least} and at most ${count(most)}`;
}

function quoted(message: string): string {
  return /'(.*?)'/.exec(message)?.[1] ?? '';
}
function longName(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags.split(/[ ,]/)[0] ?? '';
}
function suggested(message: string, see: string): string {
  const words = /\(Did you mean (?:one of )?(.*?)\?\)/.exec(message)?.[1];
  return words === undefined ? see : `Did you mean ${words}?\n${see}`;
}
