import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { output, run } from '../measure/process.ts';

/** Copies a tree into `data/` of a container's upper. */
export function fillFrom(source: string): (upper: string) => void {
  return (upper) => {
    mkdirSync(join(upper, 'data'), { recursive: true });
    run({ argv: ['cp', '-a', `${source}/.`, join(upper, 'data')] });
  };
}

export function treeBytes(tree: string): number {
  return Number(output(['du', '-sb', '--apparent-size', tree]).split('\t')[0]);
}
