import { timesAsLong } from '../measure/ratio.ts';
import type { Recorded, Results } from '../results.ts';
import { judge } from './verdict.ts';

/** The run as one table: a row for each side of each job, its ratio to Mica's, and what was to be reached. */
export function markdown(results: Results): string {
  const { machine, commit, versions } = results;
  const lines = [
    `# Mica's benchmark, ${results.mode} run of ${results.when.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, ${machine.filesystem}; Node ${machine.node}; commit ${commit.hash} ${commit.subject}`,
    '',
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
    'Seconds are medians; ± is half the middle half of the samples. A ratio is the median of the rounds’ own ratios: above 1, Mica is faster.',
    '',
    '| job | side | time | ± | rate | peak memory | × Mica |',
    '|---|---|--:|--:|--:|--:|--:|',
    ...results.measures.flatMap(rows),
    '',
    '## Goals',
    '',
    ...results.measures.flatMap(goals),
    '',
  ];
  return lines.join('\n');
}

function rows(measure: Recorded): string[] {
  const [ours] = measure.sides;
  return measure.sides.map((side, i) => {
    const job = i === 0 ? `${measure.workload} ${measure.what}` : '';
    if (side.seconds === undefined) return `| ${job} | ${side.name} | **${side.missing}** | | | | |`;
    const { median, spread } = side.seconds;
    const ratio = ours && i > 0 ? timesAsLong(side, ours) : null;
    const cells = [
      job,
      side.name,
      duration(median),
      `${(spread * 100).toFixed(0)} %`,
      rate(measure, median),
      side.peakKiB === undefined ? '' : `${(side.peakKiB / 1024).toFixed(0)} MiB`,
      ratio === null ? '' : ratio.toFixed(2),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

function goals(measure: Recorded): string[] {
  const job = `${measure.workload} ${measure.what}`;
  const notes = (measure.notes ?? []).map((note) => `- ${job}: ${note}`);
  return [
    ...measure.goals.map((goal) => {
      const { text, reached } = judge(measure.sides, goal);
      return `- ${reached === null ? '?' : reached ? '✓' : '✗'} ${job}: ${text}`;
    }),
    ...notes,
  ];
}

export function duration(seconds: number): string {
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(2)} ms`;
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
}

export function rate({ bytes, count }: Recorded, seconds: number): string {
  if (bytes !== undefined) return `${(bytes / seconds / 1048576).toFixed(0)} MiB/s`;
  return count !== undefined && count > 1 ? `${Math.round(count / seconds).toLocaleString('en')} /s` : '';
}
