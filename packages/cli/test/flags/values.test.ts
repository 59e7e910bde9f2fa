import { afterEach, expect, it, vi } from 'vitest';
import { parseMount } from '../../src/flags/mount-spec.ts';
import { pruneFilter } from '../../src/flags/prune-filter.ts';
import { bytesOf, duration, pointInTime } from '../../src/flags/values.ts';

afterEach(() => vi.unstubAllEnvs());

it.each([
  ['1.5g', 1.5 * 2 ** 30],
  ['.5g', 2 ** 29],
  ['50.m', 50 * 2 ** 20],
  ['1e4k', 1e4 * 1024],
  ['1p', 2 ** 50],
  ['2 KiB', 2048],
])('a size as docker takes it: %s', (text, bytes) => {
  expect(bytesOf('-m')(text)).toBe(bytes);
  expect(parseMount(`type=tmpfs,dst=/x,tmpfs-size=${text}`).options).toEqual([`size=${bytes}`]);
});

it.each(['', '.', 'g', '1gg', '1g5', '-1', '1e', '0x10', '1..5m'])('no size: %j', (text) => {
  expect(() => bytesOf('-m')(text)).toThrow('invalid size');
});

it("durations are Go's: a fraction may begin with its point, and both letters for micro are known", () => {
  const nanoseconds = duration('--health-interval');
  expect(['.5s', '1.s', '1h.5m', '3µs', '3μs'].map(nanoseconds)).toEqual([5e8, 1e9, 3630e9, 3000, 3000]);
  for (const text of ['', '.s', '5', '1d', '1s ']) expect(() => nanoseconds(text)).toThrow('invalid duration');
});

it('a date without a zone is of the zone that one is in, as in docker', () => {
  vi.stubEnv('TZ', 'Asia/Tokyo');
  const at = pointInTime('since');
  const noon = Date.UTC(2026, 0, 31, 3);
  for (const text of ['2026-01-31T12:00:00', '2026-01-31T12:00', '2026-01-31T12:00:00+09:00'])
    expect(at(text), text).toBe(noon);
  expect(at('2026-01-31')).toBe(Date.UTC(2026, 0, 30, 15));
  expect(at('2026-01-31Z')).toBe(Date.UTC(2026, 0, 31));
  expect(at('2026-01-31T12:00:00.123456789Z')).toBe(Date.UTC(2026, 0, 31, 12) + 123);
  for (const text of ['2026-01-31 (a comment)', '2026-01-31 12:00', '2026-13-01', 'Jan 31 2026'])
    expect(() => at(text), text).toThrow('failed to parse value as time or duration');
});

it('what says no time of its making is older than any that does', () => {
  expect(pruneFilter(['until=24h'])({ labels: {}, created: '' })).toBe(true);
});
