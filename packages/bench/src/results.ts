import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolders } from '@mica/engine';
import type { Shown } from './measure/contest.ts';
import type { Machine } from './measure/machine.ts';
import { timesAsLong } from './measure/ratio.ts';
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

/** One commit on one kind of machine in the committed history: enough for the plots, a few hundred bytes. */
export interface HistoryEntry {
  readonly when: string;
  readonly kind: string;
  readonly commit: string;
  /** `W2 commit` → what was found of it. */
  readonly seconds: Readonly<Record<string, HistoryPoint>>;
}
export interface HistoryPoint {
  /** Median seconds of Mica's side, and of the floor where there is one. */
  readonly mica: number;
  readonly floor?: number;
  readonly bytes?: number;
  /** Peak memory of Mica's side. */
  readonly peakMiB?: number;
  /** How many times Mica's time each other side took, in the same rounds: what a busy machine changes least. */
  readonly times?: Readonly<Record<string, number>>;
}

export const resultsFolder: string = fileURLToPath(new URL('../results', import.meta.url));
const historyFile = join(resultsFolder, 'history.ndjson');

export function readHistory(file: string = historyFile): HistoryEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as HistoryEntry);
}

export function historyEntry(results: Results): HistoryEntry {
  const seconds: Record<string, HistoryPoint> = {};
  for (const { workload, what, sides, bytes } of results.measures) {
    const [ours, ...others] = sides;
    const mica = ours?.seconds?.median;
    if (ours === undefined || mica === undefined) continue;
    const floor = others.find(({ name }) => name === 'floor')?.seconds?.median;
    const times = others.flatMap((side) => {
      const ratio = timesAsLong(side, ours);
      return ratio === null ? [] : [[side.name, round(ratio, 3)] as const];
    });
    seconds[`${workload} ${what}`] = {
      mica: round(mica, 5),
      ...(floor === undefined ? {} : { floor: round(floor, 5) }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(ours.peakKiB === undefined ? {} : { peakMiB: Math.round(ours.peakKiB / 1024) }),
      ...(times.length > 0 ? { times: Object.fromEntries(times) } : {}),
    };
  }
  return { when: results.when, kind: results.machine.kind, commit: results.commit.hash, seconds };
}

/** One commit on one kind of machine is one entry: what another run of it measured before stays in it. */
export function withEntry(history: readonly HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  const isSame = ({ commit, kind }: HistoryEntry) => commit === entry.commit && kind === entry.kind;
  const before = history.find(isSame);
  return [
    ...history.filter((one) => !isSame(one)),
    before ? { ...entry, seconds: { ...before.seconds, ...entry.seconds } } : entry,
  ];
}

export function appendHistory(results: Results, file: string = historyFile): void {
  const all = withEntry(readHistory(file), historyEntry(results));
  writeWhole(file, all.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

export function writeWhole(file: string, text: string): void {
  makeFolders(dirname(file), 0o777);
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

const round = (value: number, digits: number) => Number(value.toPrecision(digits));
