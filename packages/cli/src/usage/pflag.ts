import type { Command, Option } from 'commander';
import { boolean } from '../flags/boolean.ts';

/**
 * docker's spelling in commander's: `-a=x` means `-a x`, `--rm=true` means `--rm`, and `--rm=false` takes back what
 * was said before it, as a script's default or an alias.
 */
export function takeDockerSpelling(command: Command): void {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => {
    const { words, off } = rewrite(command, args);
    const unsaid = off.map(
      (option) => [option.attributeName(), command.getOptionValue(option.attributeName())] as const,
    );
    const parsed = parse(words);
    for (const [name, value] of unsaid) command.setOptionValueWithSource(name, value, 'default');
    return parsed;
  };
}

/** `off`: options without a value of which false was said last. */
function rewrite(command: Command, args: readonly string[]): { words: string[]; off: Option[] } {
  const stopsAtOperand = Reflect.get(command, '_passThroughOptions') === true;
  const words: string[] = [];
  const off = new Set<Option>();
  for (let at = 0; at < args.length; at++) {
    const word = currentName(command, args[at] as string);
    const operand = !word.startsWith('-') || word === '-';
    if (word === '--' || (operand && stopsAtOperand)) {
      words.push(...args.slice(at));
      break;
    }
    const [flag = '', value] = splitOnce(word);
    const option = operand ? undefined : optionOf(command, flag);
    const takesValue = option?.required || option?.optional;
    const isSwitch = option !== undefined && !takesValue;
    if (!operand) for (const one of switchesOf(command, flag)) off.delete(one);
    if (isSwitch && value !== undefined && !boolean(option.flags)(value)) {
      off.add(option);
      // Of `-it=false` the first letter is said all the same.
      if (!flag.startsWith('--') && flag.length > 2) words.push(flag.slice(0, -1));
      continue;
    }
    if (isSwitch) words.push(flag);
    else if (option && value !== undefined && !flag.startsWith('--')) words.push(flag, value);
    else if (option?.optional && !option.required && value === undefined)
      words.push(word, 'true'); // so that it does not take the next word
    else {
      words.push(word);
      // Its value is no flag, whatever it looks like.
      if (value === undefined && option?.required && at + 1 < args.length) words.push(args[++at] as string);
    }
  }
  return { words, off: [...off] };
}

/** docker's old names, which it still takes and does not show. */
const renamed: Readonly<Record<string, string>> = {
  '--net': '--network',
  '--net-alias': '--network-alias',
  '--dns-opt': '--dns-option',
  '--time': '--timeout',
};
function currentName(command: Command, word: string): string {
  const [flag, value] = splitOnce(word);
  const name = renamed[flag];
  if (name === undefined || !command.options.some(({ long }) => long === name)) return word;
  return value === undefined ? name : `${name}=${value}`;
}

/** Of a word such as `-itp`, the one that may take a value: the last. */
function optionOf(command: Command, flag: string): Option | undefined {
  const find = (name: string) => command.options.find((one) => one.short === name || one.long === name);
  if (flag.startsWith('--') || flag.length === 2) return find(flag);
  const letters = [...flag.slice(1)].map((letter) => find(`-${letter}`));
  // A letter before the last that takes a value has the rest of the word for it.
  return letters.slice(0, -1).some((one) => !one || one.required) ? undefined : letters.at(-1);
}

/** The switches that a word such as `-it` or `--rm` turns on. */
function switchesOf(command: Command, flag: string): Option[] {
  if (optionOf(command, flag) === undefined) return [];
  const names = flag.startsWith('--') ? [flag] : [...flag.slice(1)].map((letter) => `-${letter}`);
  return command.options.filter(({ short, long }) => names.includes(short ?? '') || names.includes(long ?? ''));
}

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
