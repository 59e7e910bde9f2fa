import type { Shown } from '../../src/measure/contest.ts';
import { summarise } from '../../src/measure/statistics.ts';
import type { HistoryEntry, Results } from '../../src/results.ts';

const shown = (name: string, ...samples: number[]): Shown => ({ name, seconds: summarise(samples) });

/** A run as one looks that measured all but buildah. */
export function someResults(): Results {
  return {
    schema: 1,
    when: '2026-11-24T12:00:00.000Z',
    mode: 'quick',
    machine: {
      cpu: 'A <fast> one & only',
      cores: 2,
      memoryGiB: 24,
      kernel: '6.1',
      filesystem: 'ext4',
      node: '26.0.0',
      kind: 'here',
    },
    commit: { hash: 'abcdef0123', subject: 'Make "it" <faster>', date: '2026-11-24' },
    versions: { mica: '0.1.0', docker: '20.10' },
    measures: [
      {
        workload: 'W2',
        what: 'commit',
        bytes: 82_000_000,
        count: 10_000,
        sides: [
          { ...shown('mica', 0.3, 0.31, 0.32), peakKiB: 120_000 },
          shown('docker', 2.4, 2.5, 2.2),
          { name: 'buildah', missing: 'NOT MEASURED: buildah is not installed' },
          shown('floor', 0.25, 0.26, 0.27),
        ],
        goals: [
          { against: 'docker', atLeast: 6 },
          { against: 'floor', atMost: 1.1 },
          { against: 'buildah', atLeast: 1 },
        ],
      },
      ...[10, 100, 1000].map((count) => ({
        workload: 'W6',
        what: `commit of ${count}`,
        bytes: count * 9_000_000,
        count,
        sides: [{ ...shown('mica', count * 0.02), peakKiB: 200_000 + count }],
        goals: [],
      })),
      {
        workload: 'kernel',
        what: 'tar scan',
        count: 10_000,
        sides: [shown('kernel', 0.002), shown('twin', 0.02)],
        goals: [{ against: 'twin', atLeast: 5 }],
      },
    ],
  };
}

export function someHistory(): HistoryEntry[] {
  return ['aaaaaaa1', 'bbbbbbb2', 'ccccccc3'].map((commit, i) => ({
    when: `2026-11-2${i}T00:00:00.000Z`,
    kind: 'here',
    commit,
    seconds: { 'W2 commit': { mica: 0.5 - i / 10, floor: 0.25, bytes: 82_000_000, times: { docker: 5 + i } } },
  }));
}
