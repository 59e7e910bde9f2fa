import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { makeNode, S_IFIFO, setTimes } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';

export interface Edit {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly text: string;
}

const names = ['a', 'b', 'c', 'd/a', 'd/b', 'd/e/a', 'd/e/b', 'd-x', 'd', 'd/e', 'f/g', 'f'];

export const edits = (maxLength = 30): fc.Arbitrary<Edit[]> =>
  fc.array(fc.record({ op: fc.nat(10), a: fc.nat(24), b: fc.nat(24), text: fc.string({ maxLength: 8 }) }), {
    maxLength,
  });

/** Applies one edit; one that the tree does not allow is left out, as a shell would print its error and go on. */
export function edit(root: string, { op, a, b, text }: Edit): void {
  const one = `${root}/${names[a % names.length]}`;
  const two = `${root}/${names[b % names.length]}`;
  try {
    if (op === 0) write(one, text);
    else if (op === 1) mkdirSync(one, { recursive: true });
    else if (op === 2) rmSync(one, { recursive: true });
    else if (op === 3) renameSync(one, two);
    else if (op === 4) linkSync(one, two);
    else if (op === 5) symlinkSync(harmless(text), one);
    else if (op === 6) chmodSync(one, 0o700 + (b % 64));
    else if (op === 7) setXattr(one, 'user.t', Buffer.from(text));
    else if (op === 8) makeNode(one, S_IFIFO | 0o640, 0n);
    else if (op === 9) sameButBytes(one, text);
    // A folder of a lower layer does not let itself be renamed on overlay: mv copies it.
    else execFileSync('mv', ['-T', one, two], { stdio: 'ignore' });
  } catch {
    // not possible on this tree
  }
}

/** A link's target that leads nowhere: chmod and write follow a link, and these edits are root's. */
function harmless(text: string): string {
  return `nowhere-${text.replaceAll(/[/\0]/g, '_')}`;
}

/** A fifo would wait for its reader. */
function write(path: string, text: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== false) writeFileSync(path, text);
}

/** Other bytes under the same size and time. */
function sameButBytes(path: string, text: string): void {
  const stat = lstatSync(path, { bigint: true });
  if (!stat.isFile()) return;
  writeFileSync(path, Buffer.alloc(Number(stat.size), text || 'y'));
  setTimes(path, stat.mtimeNs / 1_000_000_000n, Number(stat.mtimeNs % 1_000_000_000n));
}
