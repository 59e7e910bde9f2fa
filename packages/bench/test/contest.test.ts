import { describe, expect, it } from 'vitest';
import { contest } from '../src/measure/contest.ts';
import { CommandFailed } from '../src/measure/process.ts';
import { timesAsLong } from '../src/measure/ratio.ts';
import { summarise } from '../src/measure/statistics.ts';
import { parseOptions } from '../src/options.ts';

describe('a contest', () => {
  it('takes the sides in turn, the order turned about from round to round', async () => {
    const order: string[] = [];
    const side = (name: string) => ({ name, work: () => order.push(name), before: () => order.push(`before ${name}`) });
    await contest([side('a'), side('b')], 2, () => {});
    expect(order.filter((one) => !one.startsWith('before'))).toEqual(['a', 'b', 'b', 'a']);
    expect(order.slice(0, 2)).toEqual(['before a', 'a']);
  });

  it('a side that warms up does so before the first round, its memory and time not counted', async () => {
    const order: string[] = [];
    const side = (name: string, seconds: number) => ({
      name,
      work: () => {
        order.push(name);
        return order.filter((one) => one === name).length < 3 ? 1000 : seconds;
      },
      after: () => order.push(`after ${name}`),
    });
    const shown = await contest([{ ...side('a', 1), warmUps: 2 }, { ...side('b', 1000) }], 2, () => {});
    expect(shown.map(({ seconds }) => seconds?.samples)).toEqual([
      [1, 1],
      [1000, 1000],
    ]);
    expect(order.slice(0, 5)).toEqual(['a', 'after a', 'a', 'after a', 'a']);
  });

  it('a side that fails is out with its own words, the others go on', async () => {
    const shown = await contest(
      [
        { name: 'whole', work: { argv: ['true'] } },
        { name: 'broken', work: { argv: ['sh', '-c', 'echo no such thing >&2; exit 3'] } },
        { name: 'absent', work: { argv: ['/nowhere/at-all'] } },
      ],
      3,
      () => {},
    );
    expect(shown[0]?.seconds?.samples).toHaveLength(3);
    expect(shown[1]).toMatchObject({ missing: expect.stringMatching(/no such thing/) });
    expect(shown[2]).toMatchObject({ missing: expect.stringMatching(/^\/nowhere\/at-all: No such file/) });
  });

  it('a side that fails in the run for its memory keeps its seconds', async () => {
    let runs = 0;
    const before = () => {
      if (++runs > 2) throw new CommandFailed('it had enough');
    };
    const shown = await contest(
      [
        { name: 'broken', work: { argv: ['true'] }, before, memory: 'once more' },
        { name: 'whole', work: { argv: ['true'] }, memory: 'once more' },
      ],
      2,
      () => {},
    );
    expect(shown.map(({ seconds, peakKiB }) => [seconds?.samples.length, peakKiB === undefined])).toEqual([
      [2, true],
      [2, false],
    ]);
  });

  it('sides that ran at other times are compared by their medians', () => {
    const side = (name: string, samples: number[]) => ({ name, seconds: summarise(samples) });
    const [ours, other] = [side('mica', [1, 2, 9]), side('other', [2, 1, 3])];
    expect(timesAsLong(other, ours)).toBe(0.5);
    expect(timesAsLong({ ...other, isApart: true }, ours)).toBe(1);
  });

  it.each([
    ['once more', 3],
    ['each time', 2],
  ] as const)('tells the peak memory of a process, %s', async (memory, times) => {
    let runs = 0;
    const work = { argv: [process.execPath, '-e', 'Buffer.alloc(2e8, 1)'] };
    const before = () => {
      runs++;
    };
    const [shown] = await contest([{ name: 'x', work, before, memory }], 2, () => {});
    expect(shown?.peakKiB).toBeGreaterThan(190_000);
    expect(shown?.seconds?.samples).toHaveLength(2);
    expect(runs).toBe(times);
  });

  it('compares round by round, so that a slow minute of the machine does not show', () => {
    const a = { name: 'a', seconds: summarise([1, 10, 1]) };
    const b = { name: 'b', seconds: summarise([2, 20, 2.1]) };
    expect(timesAsLong(b, a)).toBe(2);
  });
});

describe('options', () => {
  it('know their names in any case, and say which they know', () => {
    expect(parseOptions(['--only', 'w2,W7', '--peers', 'docker'])).toMatchObject({
      only: new Set(['W2', 'W7']),
      peers: ['docker'],
    });
    expect(() => parseOptions(['--only', 'W99'])).toThrow(/unknown name 'W99' \(known: W1, /);
    expect(parseOptions(['--peers', 'none'])).toMatchObject({ peers: [] });
    expect(() => parseOptions(['--fulll'])).toThrow();
  });
});
