import type { Shown } from '../measure/contest.ts';
import type { Mica } from '../peers/mica.ts';
import type { Opened, Peer, PeerName } from '../peers/peer.ts';
import type { PeakGoal } from '../report/verdict.ts';

/** What a workload is given: engines with empty stores, a folder of its own, and how much to do. */
export interface Bench {
  readonly mica: Mica;
  /** The rivals that were asked for, in the order of the report. */
  readonly rivals: ReadonlyMap<PeerName, Opened>;
  /** Emptied after the workload. */
  readonly folder: string;
  readonly full: boolean;
  /** How many rounds: the first in a quick run, the second in a full one, unless the user said. */
  rounds(quick: number, full: number): number;
  /** One line of progress. */
  note(text: string): void;
}

/** What one measured job must reach: `against` names the other side. */
export interface Goal {
  readonly against: string;
  /** How many times as fast as the other side, at least. */
  readonly atLeast?: number;
  /** How many times the other side's time, at most. */
  readonly atMost?: number;
}

/** One job that every side did. */
export interface Measure {
  readonly workload: WorkloadName;
  readonly what: string;
  /** Bytes that the job is about: gives a throughput. */
  readonly bytes?: number;
  /** How many containers, files or entries: a point of the curve of cost against count. */
  readonly count?: number;
  /** Mica's side is the one named `mica`, or the first. */
  readonly sides: readonly Shown[];
  readonly goals: readonly (Goal | PeakGoal)[];
  readonly notes?: readonly string[];
}

export const workloadNames = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W8', 'W9'] as const;
export type WorkloadName = (typeof workloadNames)[number];

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  /** Whether it needs the engines; the kernels' one does not. */
  readonly needs: readonly PeerName[];
  measure(bench: Bench): Promise<Measure[]>;
}

/** The opened rivals among `names`, and a side that says why for each of the others. */
export function rivalsOf(bench: Bench, names: readonly PeerName[]): { peers: Peer[]; absent: Shown[] } {
  const peers: Peer[] = [];
  const absent: Shown[] = [];
  for (const name of names) {
    const opened = bench.rivals.get(name);
    if (opened === undefined) continue;
    if ('peer' in opened) peers.push(opened.peer);
    else absent.push({ name, missing: opened.absent });
  }
  return { peers, absent };
}
