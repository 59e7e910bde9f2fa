import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { appendHistory, readHistory } from '../src/results.ts';
import { someResults } from './support/results.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-bench-history-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it('a recorded run is one line of figures; another of the same commit on the same machine adds to it', () => {
  const file = join(work, 'history.ndjson');
  const all = someResults();
  const only = (workload: string) => ({ ...all, measures: all.measures.filter((one) => one.workload === workload) });
  appendHistory(only('W2'), file);
  appendHistory(only('W6'), file);
  appendHistory({ ...only('W2'), commit: { ...all.commit, hash: 'another' } }, file);
  const history = readHistory(file);
  expect(history.map(({ commit, seconds }) => [commit, Object.keys(seconds)])).toEqual([
    ['abcdef0123', ['W2 commit', 'W6 commit of 10', 'W6 commit of 100', 'W6 commit of 1000']],
    ['another', ['W2 commit']],
  ]);
  expect(history[0]?.seconds['W2 commit']).toEqual({
    mica: 0.31,
    floor: 0.26,
    bytes: 82_000_000,
    peakMiB: 117,
    times: { docker: 8, floor: 0.839 },
  });
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2);
});
