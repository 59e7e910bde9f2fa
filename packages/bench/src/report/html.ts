import type { HistoryEntry, HistoryPoint, Recorded, Results } from '../results.ts';
import { duration } from './markdown.ts';
import { asText, bars, linePlot, type Series } from './plot.ts';
import { styles } from './styles.ts';
import { table } from './table.ts';

/** The run as one page without anything to load: what it found, and how it got there over the commits. */
export function html(results: Results, history: readonly HistoryEntry[]): string {
  const { machine, commit, versions } = results;
  const facts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, ${machine.filesystem}, Node ${machine.node}`,
    `commit ${commit.hash} ${commit.subject}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mica: benchmark</title>
<link rel="icon" href="data:,"><style>${styles}</style></head><body><main>
<h1>Mica’s benchmark</h1>
<p class="facts">${results.mode} run, ${asText(results.when.slice(0, 16).replace('T', ' '))} UTC<br>${facts.map(asText).join('<br>')}</p>
<h2>Side by side</h2>
${results.measures.map(sideBySide).join('\n')}
<h2>Cost against size and count</h2>
${costPlots(results.measures)}
<h2>History</h2>
${historyPlots(history.filter(({ kind }) => kind === machine.kind))}
<h2>All figures</h2>
${table(results)}
</main></body></html>
`;
}

function sideBySide(measure: Recorded): string {
  const shown = measure.sides.flatMap(({ name, seconds }) =>
    seconds
      ? [{ name, value: seconds.median, text: `${duration(seconds.median)} ± ${(seconds.spread * 100).toFixed(0)} %` }]
      : [],
  );
  const missing = measure.sides.flatMap(({ name, missing: why }) =>
    why === undefined ? [] : [`<p class="missing">${asText(`${name}: ${why}`)}</p>`],
  );
  const title = `${measure.workload} ${measure.what}`;
  return (shown.length > 0 ? bars(title, shown) : `<h3>${asText(title)}</h3>`) + missing.join('');
}

/** Every job that tells bytes or a count, a series a side, both axes logarithmic. */
function costPlots(measures: readonly Recorded[]): string {
  const jobs = measures.filter(({ workload, what }) => workload !== 'kernel' && what.startsWith('commit'));
  const against = (of: (measure: Recorded) => number | undefined): Series[] => {
    const series = new Map<string, { x: number; y: number; label: string }[]>();
    for (const job of jobs) {
      const x = of(job);
      if (x === undefined) continue;
      for (const { name, seconds } of job.sides) {
        if (!seconds) continue;
        const points = series.get(name) ?? [];
        points.push({ x, y: seconds.median, label: `${job.workload} ${job.what}, ${duration(seconds.median)}` });
        series.set(name, points);
      }
    }
    return [...series].map(([name, points]) => ({ name, points: points.sort((a, b) => a.x - b.x) }));
  };
  const scaled = jobs.filter(({ workload }) => workload === 'W6');
  const memory = {
    name: 'mica',
    points: scaled.flatMap(({ count, sides }) => {
      const kib = sides[0]?.peakKiB;
      return count && kib
        ? [{ x: count, y: kib / 1024, label: `${count} containers, ${(kib / 1024).toFixed(0)} MiB` }]
        : [];
    }),
  };
  const time = { logarithmic: true, y: 'seconds' } as const;
  return [
    linePlot(
      against(({ bytes }) => bytes),
      { ...time, title: 'commit: time against bytes', x: 'bytes' },
    ),
    linePlot(
      against(({ count, workload }) => (workload === 'W6' || workload === 'W4' ? count : undefined)),
      { ...time, title: 'commit of many: time against containers', x: 'containers' },
    ),
    linePlot(memory.points.length > 0 ? [memory] : [], {
      title: 'commit of many: peak memory against containers',
      x: 'containers',
      y: 'MiB',
    }),
  ].join('\n');
}

/** Over the recorded commits on this kind of machine: throughput, and against the others of the same run. */
function historyPlots(history: readonly HistoryEntry[]): string {
  const jobs = [...new Set(history.flatMap(({ seconds }) => Object.keys(seconds)))];
  const series = (of: (entry: HistoryPoint) => number | null, unit: string): Series[] =>
    jobs
      .map((job) => ({
        name: job,
        points: history.flatMap((entry, x) => {
          const point = entry.seconds[job];
          const y = point ? of(point) : null;
          return y === null ? [] : [{ x, y, label: `${entry.commit}, ${y.toFixed(2)} ${unit}` }];
        }),
      }))
      .filter(({ points }) => points.length > 0);
  const ticks = history.map(({ commit }) => commit.slice(0, 7));
  return [
    linePlot(
      series(({ mica, bytes }) => (bytes === undefined ? null : bytes / mica / 1048576), 'MiB/s').filter(
        ({ name }) => !name.startsWith('kernel'),
      ),
      {
        title: 'throughput over commits',
        x: 'commit',
        y: 'MiB/s',
        ticks,
      },
    ),
    linePlot(
      series(({ mica, floor }) => (floor === undefined ? null : mica / floor), '×'),
      {
        title: 'time against the floor of the same run, over commits',
        x: 'commit',
        y: '× floor',
        ticks,
      },
    ),
    linePlot(
      series(({ times }) => dockersTime(times), '×').filter(({ name }) => !name.startsWith('kernel')),
      {
        title: 'docker’s time against Mica’s in the same run, over commits',
        x: 'commit',
        y: '× Mica',
        ticks,
      },
    ),
  ].join('\n');
}

/** Of the several sides that docker may have in a job, the fastest. */
function dockersTime(times: HistoryPoint['times']): number | null {
  const all = Object.entries(times ?? {}).flatMap(([name, ratio]) => (name.startsWith('docker') ? [ratio] : []));
  return all.length > 0 ? Math.min(...all) : null;
}
