import type { EntryTable } from '@mica/core-wasm';
import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import { walk } from '../layer/walk.ts';

/** A place in a tree; `index` is -1 for a root that has no entry of its own. */
export interface Place {
  readonly index: number;
  /** Without symlinks, without slashes at its ends. */
  readonly path: Buffer;
}

const problems = {
  missing: 'no such path in image',
  'not a directory': 'not a directory in image',
  loop: 'too many levels of symbolic links in image',
} as const;

/** Walks to `path` inside the image. @throws MicaError no-such-path */
export function lookUp(table: EntryTable, image: string, path: string, options: { follow: boolean }): Place {
  requireText(path, 'path');
  const { index, path: at, problem } = walk(table, Buffer.from(path), options);
  if (problem === undefined) return { index, path: at };
  throw new MicaError('no-such-path', `${problems[problem]} ${image}: ${path}`, {
    subject: path,
    hint: `mica ls -R ${image} lists what it has`,
  });
}
