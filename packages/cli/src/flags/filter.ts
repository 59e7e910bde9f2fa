import { MicaError } from '@mica/engine';
import { type Command, InvalidArgumentError } from 'commander';

/** `--filter NAME=VALUE…`: the values given for each name. */
export type Filters = ReadonlyMap<string, readonly string[]>;

export function addFilterFlag(command: Command, help = 'only those that meet it; several must all be met'): Command {
  return command.option('-f, --filter <name=value>', help, collect, []);
}

function collect(text: string, all: readonly string[]): string[] {
  if (!text.includes('=')) throw new InvalidArgumentError('bad format of filter (expected name=value)');
  return [...all, text];
}

/** @throws MicaError invalid-argument for a name that is none of `known`, as docker words it */
export function parseFilters(given: readonly string[], known: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  for (const text of given) {
    const at = text.indexOf('=');
    const name = text.slice(0, at).trim().toLowerCase();
    if (!known.includes(name))
      throw new MicaError('invalid-argument', `invalid filter '${name}'`, {
        subject: name,
        hint: `filters here: ${known.join(', ')}`,
      });
    filters.set(name, [...(filters.get(name) ?? []), text.slice(at + 1).trim()]);
  }
  return filters;
}

/** Every label that is asked for, `key` or `key=value`. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const [key = '', ...value] = text.split('=');
    return Object.hasOwn(labels, key) && (value.length === 0 || labels[key] === value.join('='));
  });
}

/** docker's booleans of filters. @throws MicaError invalid-argument */
export function flagValue(name: string, text: string): boolean {
  if (['1', 'true', 't'].includes(text.toLowerCase())) return true;
  if (['0', 'false', 'f'].includes(text.toLowerCase())) return false;
  throw new MicaError('invalid-argument', `invalid filter '${name}=${text}'`, {
    hint: `${name}=true or ${name}=false`,
  });
}
