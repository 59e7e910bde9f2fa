import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsFolder, writeWhole } from '../results.ts';

/** What CI holds later runs to: for each measure how many times its reference's time it took. */
export interface Baseline {
  readonly commit: string;
  readonly when: string;
  /** Kind of machine → measure → ratio, and the reference's own seconds, to tell a busy machine by. */
  readonly kinds: Readonly<Record<string, Readonly<Record<string, BaselineRatio>>>>;
}
export interface BaselineRatio {
  readonly ratio: number;
  readonly reference: number;
}

export const baselineFile: string = join(resultsFolder, 'baseline.json');

export function readBaseline(file: string): Baseline | null {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Baseline;
  } catch (cause) {
    throw new Error(`${file} is no baseline: ${(cause as Error).message}`, { cause });
  }
}

/** Other kinds of machine keep what was recorded on them. */
export function writeBaseline(
  file: string,
  commit: string,
  kind: string,
  ratios: Readonly<Record<string, BaselineRatio>>,
): void {
  const kinds = { ...readBaseline(file)?.kinds, [kind]: { ...readBaseline(file)?.kinds[kind], ...ratios } };
  writeWhole(file, `${JSON.stringify({ commit, when: new Date().toISOString(), kinds }, null, 2)}\n`);
}
