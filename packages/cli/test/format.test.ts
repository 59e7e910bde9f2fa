import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src/format.ts', import.meta.url));
/** GNU date has the names from the C library. */
it.each(['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Asia/Kathmandu', 'Europe/Dublin', 'UTC', ''])(
  'a time in the zone "%s" as date(1) writes it, in winter and in summer',
  (zone) => {
    const env = { ...process.env, TZ: zone };
    const script = `const { localStamp, localTime } = await import('${source}');
      for (const time of ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z'])
        console.log(localTime(time) + '\\n' + localStamp(time));`;
    const written = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env }).stdout.toString();
    const dates = ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z'].map((time) =>
      spawnSync('date', ['-d', time, '+%Y-%m-%d %H:%M:%S %z %Z%n%Y-%m-%dT%H:%M:%S%:z'], { env }).stdout.toString(),
    );
    expect(written).toBe(dates.join('').replaceAll('+00:00\n', 'Z\n')); // Go's, where date(1) has the numbers
  },
);
