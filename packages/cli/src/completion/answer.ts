import type { Command } from 'commander';
import { print } from '../standard-output.ts';
import { candidates, verbsOf } from './candidates.ts';

/** The parts of the program that it needs; handed in, for the program loads this file. */
export interface ProgramParts {
  calledWords(argv: readonly string[]): { readonly words: readonly string[]; readonly next: number };
  build(words: readonly string[]): Promise<{ program: Command; called: Command | null }>;
}

/** Answers a completion script. It never fails: whoever presses a key must not get an error for it. */
export async function answerCompletion(argv: readonly string[], parts: ProgramParts): Promise<void> {
  try {
    print(await answer(argv[0] === '--' ? argv.slice(1) : argv, parts));
  } catch (error) {
    if (process.env.MICA_DEBUG === '1') throw error;
  }
}

async function answer(words: readonly string[], { calledWords, build }: ProgramParts): Promise<string> {
  const called = calledWords(['', '', ...words.slice(0, -1)]);
  const { program, called: command } = await build(called.words);
  const root = rootOf(words.slice(0, called.next - 2));
  const folder = words.at(-1)?.startsWith('--root=') === true || words.at(-2) === '--root';
  const { found, files } =
    command === null
      ? { found: called.words.length > 0 || folder ? [] : verbsOf(program), files: folder }
      : candidates(command, words.slice(called.next - 2), root);
  return [...found.map(({ value, text }) => `${value}\t${text}\n`), ...(files ? [':files\n'] : [])].join('');
}

/** The store that the words before the verb's own name, in either form. */
function rootOf(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === '--root' || word.startsWith('--root='));
  return words[at] === '--root' ? words[at + 1] : words[at]?.slice('--root='.length);
}
