import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { baselineFile } from './check/baseline.ts';
import { type PeerName, peerNames } from './peers/peer.ts';
import { resultsFolder } from './results.ts';
import { type WorkloadName, workloadNames } from './workloads/workload.ts';

export interface Options {
  readonly full: boolean;
  readonly check: boolean;
  /** Adds this run to the committed history; with --check, writes the baseline anew. */
  readonly record: boolean;
  /** Null: all. `kernels` stands beside W1 … W9; `--check` knows `kernels`, `commands`, and `ps` of them. */
  readonly only: ReadonlySet<WorkloadName | 'kernels' | 'commands' | 'ps'> | null;
  readonly peers: readonly Exclude<PeerName, 'mica'>[];
  readonly folder: string | null;
  /** Where the reports go. */
  readonly out: string;
  /** Of `--check`. */
  readonly baseline: string;
  /** Rounds of each measure; null: as many as the mode wants. */
  readonly rounds: number | null;
  readonly strict: boolean;
}

/** What `--check` measures. */
export const checkedNames = ['kernels', 'commands', 'ps'] as const;

export const usage = `npm run bench [-- OPTIONS]
  --full              more rounds, the large workloads too (an hour; without: minutes)
  --only W2,W7        these workloads only; kernels: the kernels' duels (--check: kernels, commands, ps)
  --peers docker,…    these rivals only, of docker, buildah and umoci; none: no rival
  --record            add the run to results/history.ndjson; with --check: write a new baseline
  --check             ratios that CI holds to the recorded ones; fails on a drop of more than 15 %
  --folder DIR        where the stores are put for the run (default: the cache folder, /var/tmp/mica-bench)
  --out DIR           where latest.json, latest.md and report.html are written (default: packages/bench/results)
  --rounds N          rounds of each measure
  --strict            --check judges on a busy machine too, where figures say little
  --baseline FILE     what --check compares with (default: packages/bench/results/baseline.json)`;

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
      out: { type: 'string' },
      baseline: { type: 'string' },
      rounds: { type: 'string' },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const rivals = peerNames.filter((name) => name !== 'mica');
  const peers =
    values.peers === 'none' ? [] : values.peers === undefined ? rivals : list(values.peers, rivals, '--peers');
  const only =
    values.only === undefined
      ? null
      : new Set(list(values.only, values.check ? checkedNames : [...workloadNames, 'kernels' as const], '--only'));
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds: not a number above zero: ${values.rounds}`);
  // A misspelt one has nothing to hold a run to, and would let every run pass.
  if (values.check && !values.record && values.baseline !== undefined && !existsSync(values.baseline))
    throw new Error(`--baseline: there is no ${values.baseline}; --check --record writes one`);
  return {
    full: values.full,
    check: values.check,
    record: values.record,
    only,
    peers,
    folder: values.folder ?? null,
    out: values.out ?? resultsFolder,
    baseline: values.baseline ?? baselineFile,
    rounds,
    strict: values.strict,
  };
}

function list<T extends string>(text: string, known: readonly T[], option: string): T[] {
  return text.split(',').map((word) => {
    const found = known.find((name) => name.toLowerCase() === word.trim().toLowerCase());
    if (found === undefined) throw new Error(`${option}: unknown name '${word}' (known: ${known.join(', ')})`);
    return found;
  });
}
