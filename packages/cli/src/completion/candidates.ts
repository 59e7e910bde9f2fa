import { Engine } from '@mica/engine';
import type { Argument, Command, Option } from 'commander';
import { namesOf } from '../rows/image.ts';

export interface Candidate {
  readonly value: string;
  readonly text: string;
}
export interface Candidates {
  readonly found: readonly Candidate[];
  /** Whether names of files fit too. */
  readonly files: boolean;
}

/** What may stand at the end of a verb's words; the last of `words` is what was typed of it so far. */
export function candidates(command: Command, words: readonly string[], root: string | undefined): Candidates {
  const typed = words.at(-1) ?? '';
  if (command.commands.length > 0) return only(verbsOf(command));
  const valued = command.options.find((option) => option.required && isNamed(option, words.at(-2)));
  if (valued) return ofKind(kindOfFlag(valued.long ?? ''), root);
  if (typed.startsWith('-')) return only(flagsOf(command));
  return ofKind(kindOf(argumentAt(command, words.slice(0, -1))), root);
}

export function verbsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((verb) => ({ value: verb.name(), text: verb.summary() }));
}

function flagsOf(command: Command): Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, short, description }) =>
    [long, short].flatMap((value) => (value ? [{ value, text: description }] : [])),
  );
}

function isNamed({ long, short }: Option, word: string | undefined): boolean {
  return word !== undefined && (long === word || short === word);
}

/** The argument whose turn it is; undefined past the last, and where the words are a container's own command. */
function argumentAt(command: Command, words: readonly string[]): Argument | undefined {
  let place = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (!word.startsWith('-')) place++;
    else if (command.options.some((option) => option.required && isNamed(option, word))) at++;
  }
  const { registeredArguments: all } = command;
  return all[place] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
}

type Kind = 'container' | 'image' | 'either' | 'network' | 'volume' | 'file' | 'none';

function kindOf(argument: Argument | undefined): Kind {
  const name = argument?.name() ?? 'file';
  if (name === 'name') return 'either';
  if (name.includes('|')) return 'either';
  for (const kind of ['container', 'image', 'network', 'volume'] as const) if (name.includes(kind)) return kind;
  if (/^(source|reference)$/.test(name)) return 'image';
  return /file|path|dir|archive|command|url|target/.test(name) ? 'file' : 'none';
}
function kindOfFlag(flag: string): Kind {
  if (flag === '--network' || flag === '--net') return 'network';
  if (flag === '--volumes-from') return 'container';
  return /file|input|output|from|dir|root|mount|volume/.test(flag) ? 'file' : 'none';
}

function ofKind(kind: Kind, root: string | undefined): Candidates {
  if (kind === 'file') return { found: [], files: true };
  if (kind === 'none') return only([]);
  using engine = new Engine(root === undefined ? {} : { root });
  const containers = () =>
    engine.containers.list(true).map(({ name, image, status }) => ({ value: name, text: `${status}, of ${image}` }));
  const images = () =>
    engine.images
      .list()
      .flatMap((image) => namesOf(image).flatMap((name) => (name === null ? [] : [{ value: name, text: 'image' }])));
  switch (kind) {
    case 'container':
      return only(containers());
    case 'image':
      return only(images());
    case 'network':
      return only(engine.networks.list().map(({ name, driver }) => ({ value: name, text: driver })));
    case 'volume':
      return only(engine.volumes.list().map(({ name }) => ({ value: name, text: 'volume' })));
    default:
      return only([...containers(), ...images()]);
  }
}

function only(found: readonly Candidate[]): Candidates {
  return { found, files: false };
}
