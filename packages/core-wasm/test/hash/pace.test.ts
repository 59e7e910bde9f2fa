import { afterEach, expect, it, vi } from 'vitest';
import { Pace } from '../../src/hash/pace.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often each way is gone in a hundred uses, on a clock that says what each takes. */
function uses(pace: Pace, takes: readonly [number, number]): [number, number] {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const gone: [number, number] = [0, 0];
  for (let i = 0; i < 100; i++)
    pace.run(1, (way) => {
      gone[way]++;
      now += takes[way];
    });
  return gone;
}

it('goes the faster way, looks at the other now and then, and turns when that became the faster one', () => {
  const pace = new Pace();
  for (const takes of [
    [4, 3],
    [3, 4],
    [4, 3],
  ] as const) {
    const gone = uses(pace, takes);
    const faster = takes[0] < takes[1] ? 0 : 1;
    expect(gone[faster]).toBeGreaterThan(65);
    expect(gone[1 - faster]).toBeGreaterThan(1);
  }
});

it('does not turn for one use that was interrupted', () => {
  const pace = new Pace();
  uses(pace, [4, 3]);
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  pace.run(1, () => {
    now += 1000;
  });
  expect(uses(pace, [4, 3])[1]).toBeGreaterThan(90);
});
