import { expect, it } from 'vitest';
import { nanoseconds } from '../../src/system/clock.ts';
import { native } from '../../src/system/library.ts';

it("the time by the C library is V8's, to the nanosecond", () => {
  const first = nanoseconds(); // by V8: nothing has called the library yet
  native('int getpid()')();
  const seen = Array.from({ length: 1000 }, nanoseconds);
  const last = Temporal.Now.instant().epochNanoseconds;
  const all = [first, ...seen, last];
  expect(all).toEqual(all.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  expect(seen.some((time) => time % 1000n !== 0n)).toBe(true);
});
