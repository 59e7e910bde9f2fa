import { expect, it } from 'vitest';
import { Core, clampTimes, Kind } from '../../src/index.ts';

it('no time is later than the date that was set, not by a nanosecond; earlier ones stay', () => {
  const latest = 1_700_000_000n * 1_000_000_000n;
  const times = [latest - 1n, latest, latest + 1n, latest + 1_000_000_000n];
  const builder = new Core().tableBuilder();
  for (const [at, time] of times.entries()) builder.add(Kind.file, Buffer.from(`f${at}`), 0o644, 0, 0, time, 0);
  const table = clampTimes(builder.finish(), 1_700_000_000);
  const found = times.map((_, at) => table.mtimeSec(at) * 1_000_000_000n + BigInt(table.mtimeNsec(at)));
  expect(found).toEqual([latest - 1n, latest, latest, latest]);
});
