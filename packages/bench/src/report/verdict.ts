import type { Shown } from '../measure/contest.ts';
import { timesAsLong } from '../measure/ratio.ts';

export interface GoalOf {
  readonly against: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Whose goal it is; the first side's where nothing is said. */
  readonly of?: string;
}

/** The first side's peak memory, at most. */
export interface PeakGoal {
  readonly peakMiB: number;
  /** What the number is, where it is no round one. */
  readonly why?: string;
}

export interface Verdict {
  readonly text: string;
  /** Null when something of it was not measured. */
  readonly reached: boolean | null;
  /** How many times as fast as the other side; with `atMost`, how many times its time. */
  readonly ratio: number | null;
}

export function judge(sides: readonly Shown[], goal: GoalOf | PeakGoal): Verdict {
  if ('peakMiB' in goal) return judgePeak(sides[0]?.peakKiB, goal);
  const ours = goal.of === undefined ? sides[0] : sides.find(({ name }) => name === goal.of);
  const other = sides.find(({ name }) => name === goal.against);
  const who = goal.of === undefined ? '' : `${goal.of} `;
  const ratio =
    ours && other ? (goal.atMost === undefined ? timesAsLong(other, ours) : timesAsLong(ours, other)) : null;
  const wanted =
    goal.atMost === undefined
      ? `≥ ${goal.atLeast ?? 1} × ${goal.against}`
      : `≤ ${goal.atMost} × ${goal.against}'s time`;
  if (ratio === null) return { text: `${who}${wanted}: not measured`, reached: null, ratio };
  const reached = goal.atMost === undefined ? ratio >= (goal.atLeast ?? 1) : ratio <= goal.atMost;
  return { text: `${who}${ratio.toFixed(2)} (${wanted})`, reached, ratio };
}

function judgePeak(peakKiB: number | undefined, { peakMiB, why }: PeakGoal): Verdict {
  const wanted = `peak ≤ ${peakMiB.toFixed(0)} MiB${why === undefined ? '' : `, ${why}`}`;
  if (peakKiB === undefined) return { text: `${wanted}: not measured`, reached: null, ratio: null };
  const peak = peakKiB / 1024;
  return { text: `${peak.toFixed(0)} MiB (${wanted})`, reached: peak <= peakMiB, ratio: null };
}
