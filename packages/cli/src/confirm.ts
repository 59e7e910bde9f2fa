import { createInterface } from 'node:readline/promises';
import { print } from './standard-output.ts';

/** Asks as docker does; only `y` is yes, also in any case; the end of the input is no. */
export async function confirm(warning: string): Promise<boolean> {
  print(`${warning}\nAre you sure you want to continue? [y/N] `);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line.trim().toLowerCase() === 'y';
    return false;
  } finally {
    lines.close();
  }
}
