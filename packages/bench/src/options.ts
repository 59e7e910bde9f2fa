import { parseArgs } from 'node:util';
import { type PeerName, peerNames } from './peers/peer.ts';
import { type WorkloadName, workloadNames } from './workloads/workload.ts';

export interface Options {
  readonly full: boolean;
  readonly check: boolean;
  /** Adds this run to the committed history; with --check, writes the baseline anew. */
  readonly record: boolean;
  /** Null: all. `kernels` stands beside W1 … W9. */
  readonly only: ReadonlySet<WorkloadName | 'kernels'> | null;
  readonly peers: readonly Exclude<PeerName, 'mica'>[];
  readonly folder: string | null;
}

export const usage = `npm run bench [-- OPTIONS]
  --full              more rounds, the large workloads too (an hour; without: minutes)
  --only W2,W7        these workloads only; kernels: the kernels' duels
  --peers docker,…    these rivals only, of docker, buildah and umoci; none: no rival
  --record            add the run to results/history.json; with --check: write a new baseline
  --check             ratios that CI holds to the recorded ones; fails on a drop of more than 15 %
  --folder DIR        where the stores are put for the run (default: the cache folder, /var/tmp/mica-bench)`;

/** @throws Error with one line for the user */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      full: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      only: { type: 'string' },
      peers: { type: 'string' },
      folder: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const rivals = peerNames.filter((name) => name !== 'mica');
  const peers =
    values.peers === 'none' ? [] : values.peers === undefined ? rivals : list(values.peers, rivals, '--peers');
  const only =
    values.only === undefined ? null : new Set(list(values.only, [...workloadNames, 'kernels'] as const, '--only'));
  return { full: values.full, check: values.check, record: values.record, only, peers, folder: values.folder ?? null };
}

function list<T extends string>(text: string, known: readonly T[], option: string): T[] {
  return text.split(',').map((word) => {
    const found = known.find((name) => name.toLowerCase() === word.trim().toLowerCase());
    if (found === undefined) throw new Error(`${option}: unknown name '${word}' (known: ${known.join(', ')})`);
    return found;
  });
}
