import { summarise } from '../measure/statistics.ts';
import type { BaselineRatio } from './baseline.ts';

/** All runs of one measure so far, Mica's and the reference's, in seconds. */
export interface Taken {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
  /** One of each side belong together, in order: what is compared is the ratio in their middle. */
  readonly paired?: boolean;
}

export interface Judged {
  readonly name: string;
  readonly ratio: number;
  readonly recorded: number | null;
  /** `slower` fails; `busy`: the reference itself was so slow that nothing can be said. */
  readonly verdict: 'ok' | 'slower' | 'busy' | 'unknown';
  readonly text: string;
}

/** A drop of more than this fails (0.15: throughput at 85 % of what was recorded). */
export const tolerance = 0.15;
/** A reference that took this many times its recorded time says that the machine was somebody else's. */
const busyAt = 1.6;
/** So do more than two processes waiting for each processor. */
export const crowdedAt = 2;

/**
 * The fastest run of each side is the one least disturbed, and their ratio is what is compared: both
 * sides ran in turn, on the same machine, within the same seconds.
 */
export function ratioOf(taken: Taken): BaselineRatio {
  if (taken.paired) {
    const ratios = taken.ours.map((seconds, at) => seconds / (taken.reference[at] as number));
    return { ratio: summarise(ratios).median, reference: summarise(taken.reference).median };
  }
  const reference = Math.min(...taken.reference);
  return { ratio: Math.min(...taken.ours) / reference, reference };
}

/** `load`: processes that want to run for each processor; null: whatever it is, judge. */
export function judgeMeasure(
  name: string,
  taken: Taken,
  recorded: BaselineRatio | undefined,
  load: number | null,
): Judged {
  const { ratio, reference } = ratioOf(taken);
  if (!recorded)
    return { name, ratio, recorded: null, verdict: 'unknown', text: 'nothing recorded for this kind of machine' };
  const drop = 1 - recorded.ratio / ratio;
  const text = `${ratio.toFixed(3)} × its reference, recorded ${recorded.ratio.toFixed(3)}: ${said(drop)}`;
  if (drop <= tolerance) return { name, ratio, recorded: recorded.ratio, verdict: 'ok', text };
  const crowded = load !== null && load > crowdedAt ? `${load.toFixed(1)} processes wait for each processor` : null;
  const slow = reference / recorded.reference;
  const busy =
    crowded ?? (load !== null && slow > busyAt ? `the reference alone took ${slow.toFixed(1)} × its time` : null);
  if (busy !== null)
    return { name, ratio, recorded: recorded.ratio, verdict: 'busy', text: `${text}, but ${busy}: NOT JUDGED` };
  return { name, ratio, recorded: recorded.ratio, verdict: 'slower', text };
}

function said(drop: number): string {
  const percent = Math.abs(drop * 100).toFixed(0);
  return drop > 0 ? `throughput ${percent} % lower` : drop < 0 ? `${percent} % higher` : 'the same';
}
