import { firstLine } from './standard-input.ts';
import { print } from './standard-output.ts';

/** Asks as docker does; only `y` is yes, also in any case; the end of the input, or a line that does not end, is no. */
export async function confirm(warning: string): Promise<boolean> {
  print(`${warning}\nAre you sure you want to continue? [y/N] `);
  return (await firstLine(4096))?.trim().toLowerCase() === 'y';
}
