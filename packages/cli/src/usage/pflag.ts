import type { Command, Option } from 'commander';

/** docker's spelling in commander's: `-a=x` means `-a x`, `--rm=true` means `--rm`, and `--rm=false` nothing. */
export function takeDockerSpelling(command: Command): void {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => parse(rewrite(command, args));
}

function rewrite(command: Command, args: readonly string[]): string[] {
  const stopsAtOperand = Reflect.get(command, '_passThroughOptions') === true;
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = currentName(command, args[at] as string);
    const operand = !word.startsWith('-') || word === '-';
    if (word === '--' || (operand && stopsAtOperand)) return [...words, ...args.slice(at)];
    const [flag = '', value] = splitOnce(word);
    const option = operand ? undefined : optionOf(command, flag);
    const takesValue = option?.required || option?.optional;
    if (option && value !== undefined && takesValue && !flag.startsWith('--')) words.push(flag, value);
    else if (option && value !== undefined && !takesValue && /^(true|false|1|0)$/i.test(value)) {
      if (/^(true|1)$/i.test(value)) words.push(flag);
    } else if (option?.optional && !option.required && value === undefined)
      words.push(word, 'true'); // so that it does not take the next word
    else {
      words.push(word);
      // Its value is no flag, whatever it looks like.
      if (value === undefined && option?.required && at + 1 < args.length) words.push(args[++at] as string);
    }
  }
  return words;
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

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
