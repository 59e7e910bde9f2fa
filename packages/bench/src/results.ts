import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Shown } from './measure/contest.ts';
import type { Machine } from './measure/machine.ts';
import type { GoalOf, PeakGoal } from './report/verdict.ts';

/** One job as it stands in a results file. Seconds throughout. */
export interface Recorded {
  /** W1 … W9, or `kernel`. */
  readonly workload: string;
  readonly what: string;
  readonly bytes?: number;
  readonly count?: number;
  /** The first is Mica's. */
  readonly sides: readonly Shown[];
  readonly goals: readonly (GoalOf | PeakGoal)[];
  readonly notes?: readonly string[];
}

export interface Results {
  readonly schema: 1;
  readonly when: string;
  readonly mode: 'quick' | 'full';
  readonly machine: Machine;
  readonly commit: { readonly hash: string; readonly subject: string; readonly date: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly measures: readonly Recorded[];
}

/** One run in the committed history: enough for the plots, a few hundred bytes. */
export interface HistoryEntry {
  readonly when: string;
  readonly kind: string;
  readonly commit: string;
  /** `W2 commit` → median seconds of Mica's side, and of the floor where there is one. */
  readonly seconds: Readonly<
    Record<string, { readonly mica: number; readonly floor?: number; readonly bytes?: number }>
  >;
}

export const resultsFolder: string = fileURLToPath(new URL('../results', import.meta.url));
const historyFile = join(resultsFolder, 'history.json');

export function readHistory(file: string = historyFile): HistoryEntry[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as HistoryEntry[]) : [];
}

export function historyEntry(results: Results): HistoryEntry {
  const seconds: Record<string, { mica: number; floor?: number; bytes?: number }> = {};
  for (const { workload, what, sides, bytes } of results.measures) {
    const mica = sides[0]?.seconds?.median;
    if (mica === undefined) continue;
    const floor = sides.find(({ name }) => name === 'floor')?.seconds?.median;
    seconds[`${workload} ${what}`] = {
      mica: round(mica),
      ...(floor === undefined ? {} : { floor: round(floor) }),
      ...(bytes === undefined ? {} : { bytes }),
    };
  }
  return { when: results.when, kind: results.machine.kind, commit: results.commit.hash, seconds };
}

export function appendHistory(results: Results, file: string = historyFile): void {
  const all = [...readHistory(file), historyEntry(results)];
  writeWhole(file, `[\n${all.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]\n`);
}

export function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

const round = (seconds: number) => Number(seconds.toPrecision(5));
