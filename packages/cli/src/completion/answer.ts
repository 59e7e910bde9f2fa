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
  const at = words.indexOf('--root');
  const root = at < 0 ? undefined : words[at + 1];
  const { found, files } =
    command === null
      ? { found: called.words.length > 0 ? [] : verbsOf(program), files: false }
      : candidates(command, words.slice(called.next - 2), root);
  return [...found.map(({ value, text }) => `${value}\t${text}\n`), ...(files ? [':files\n'] : [])].join('');
}
