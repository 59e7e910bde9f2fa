import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { judgeMeasure } from '../src/check/judge.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'mica-bench-check-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('a measure against what was recorded', () => {
  const recorded = { ratio: 2, reference: 0.1 };
  const taken = (ours: number[], reference: number[], load: number | null = 1) =>
    judgeMeasure('w', { ours, reference }, recorded, load);

  it('may drop by 15 %, and no more', () => {
    expect(taken([0.2], [0.1]).verdict).toBe('ok');
    expect(taken([0.234], [0.1]).verdict).toBe('ok');
    expect(taken([0.24], [0.1])).toMatchObject({
      verdict: 'slower',
      text: expect.stringMatching(/throughput 17 % lower/),
    });
  });
  it('counts with its least disturbed run', () => {
    expect(taken([0.9, 0.2, 0.5], [0.1, 0.3, 0.4]).verdict).toBe('ok');
  });
  it('of pairs counts with the one in the middle: neither a lucky reference nor a lucky run decides', () => {
    const pairs = (ours: number[], reference: number[]) =>
      judgeMeasure('w', { ours, reference, paired: true }, recorded, 1).verdict;
    expect(pairs([0.2, 0.2, 0.2], [0.1, 0.05, 0.1])).toBe('ok');
    expect(pairs([0.3, 0.1, 0.3], [0.1, 0.1, 0.1])).toBe('slower');
  });
  it('is not judged where the reference itself shows that the machine was busy', () => {
    expect(taken([0.5], [0.2])).toMatchObject({ verdict: 'busy', text: expect.stringMatching(/NOT JUDGED/) });
    expect(taken([0.5], [0.1], 3)).toMatchObject({
      verdict: 'busy',
      text: expect.stringMatching(/3\.0 processes wait/),
    });
    expect(taken([0.5], [0.2], null).verdict).toBe('slower');
  });
  it('is nothing but told where nothing was recorded', () => {
    expect(judgeMeasure('w', { ours: [1], reference: [1] }, undefined, 0).verdict).toBe('unknown');
  });
});

describe('npm run bench -- --check', () => {
  const baseline = join(work, 'baseline.json');
  const check = (env: Record<string, string> = {}, ...more: string[]) => {
    const args = [
      main,
      '--check',
      '--only',
      'ps',
      '--baseline',
      baseline,
      '--folder',
      work,
      '--rounds',
      '1',
      '--strict',
      ...more,
    ];
    const done = spawnSync(process.execPath, args, { env: { ...process.env, ...env } });
    return { code: done.status, said: done.stdout.toString() + done.stderr.toString() };
  };

  it('does not pass for want of anything to check', () => {
    const none = join(work, 'none.json');
    expect(check({}, '--baseline', none)).toMatchObject({ code: 2, said: expect.stringContaining(`no ${none}`) });
    expect(check({}, '--only', 'W1')).toMatchObject({ code: 2, said: expect.stringContaining("'W1' (known: kernels") });
    writeFileSync(none, '{');
    const damaged = check({}, '--baseline', none);
    expect(damaged).toMatchObject({ code: 1, said: expect.stringContaining(`bench: ${none} is no baseline`) });
    expect(damaged.said).not.toMatch(/\n +at /);
  });

  it('passes on what it has just recorded, and fails, naming workload and drop, when commands get slower', () => {
    // The fastest of five: of one alone other tests may take most of the processors.
    expect(check({}, '--record', '--rounds', '5')).toMatchObject({
      code: 0,
      said: expect.stringMatching(/recorded ps: /),
    });
    // Room for this machine's noise: what follows is slower by far more.
    const recorded = readFileSync(baseline, 'utf8');
    const kept = JSON.parse(recorded);
    let seconds = 0;
    for (const kind of Object.values(kept.kinds) as Record<string, { ratio: number; reference: number }>[])
      for (const one of Object.values(kind)) {
        seconds = one.ratio * one.reference;
        one.ratio *= 2;
      }
    writeFileSync(baseline, JSON.stringify(kept));
    expect(check()).toMatchObject({ code: 0, said: expect.stringMatching(/✓ ps: /) });

    // By far: ten times what it took when it was recorded, be that on a machine however busy.
    writeFileSync(baseline, recorded);
    const pause = Math.max(4000, Math.ceil(10_000 * seconds));
    const slow = join(work, 'slow.mjs');
    writeFileSync(
      slow,
      `if (process.argv[2] === 'ps') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${pause});`,
    );
    const failed = check({ NODE_OPTIONS: `--import ${slow}` });
    expect(failed.code).toBe(1);
    expect(failed.said).toMatch(/FAILED: ps: [\d.]+ × its reference, recorded [\d.]+: throughput \d+ % lower/);
    expect(readdirSync(work).filter((name) => name.startsWith('run-'))).toEqual([]);
  }, 900_000);
});
