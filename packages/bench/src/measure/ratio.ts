import type { Shown } from './contest.ts';
import { summarise } from './statistics.ts';

/**
 * How many times `side` took of what `other` took: the median of the rounds' own ratios. Both ran in the
 * same seconds of each round, so a machine that is slow for a while does not show. Of those that did not, of their medians.
 */
export function timesAsLong(side: Shown, other: Shown): number | null {
  const [a, b] = [side.seconds?.samples, other.seconds?.samples];
  if (!a || !b || a.length !== b.length || side.isApart || other.isApart)
    return side.seconds && other.seconds ? side.seconds.median / other.seconds.median : null;
  return summarise(a.map((seconds, round) => seconds / (b[round] as number))).median;
}
