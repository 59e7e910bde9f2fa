import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLog } from '../../src/container/logs.ts';
import type { LogQuery } from '../../src/contract/container.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-logs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Piece {
  readonly text: string;
  readonly ends: boolean;
}
const record = ({ text, ends }: Piece, at: number) =>
  `${new Date(at * 1000).toISOString().replace('Z', '000000+00:00')} stdout ${ends ? 'F' : 'P'} ${text}\n`;

async function texts(files: readonly string[], query: LogQuery, running = () => false): Promise<string[]> {
  const found: string[] = [];
  for await (const { text } of readLog(files, query, running)) found.push(Buffer.from(text).toString());
  return found;
}

/** docker's rule, on all records at once: whole lines from the end, an unfinished last one counts. */
function lastOf(pieces: readonly Piece[], count: number): readonly Piece[] {
  let from = pieces.length;
  let lines = pieces.at(-1)?.ends === false ? 1 : 0;
  while (from > 0) {
    if (pieces[from - 1]?.ends && ++lines > count) break;
    from--;
  }
  return count <= 0 ? [] : pieces.slice(from);
}

const pieces = fc.array(
  fc.record({
    text: fc.oneof(
      fc.constant(''),
      fc.constant('x y z'),
      fc.nat(70_000).map((n) => 'l'.repeat(n)),
    ),
    ends: fc.boolean(),
  }),
  { maxLength: 12 },
);

it('its last lines are found from the end on, over several files, whatever their length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(pieces, { minLength: 1, maxLength: 3 }),
      fc.nat(8),
      fc.boolean(),
      async (files, tail, cut) => {
        let at = 0;
        const paths = files.map((file, i) => {
          const path = join(dir, `${i}`);
          writeFileSync(path, file.map((piece) => record(piece, at++)).join(''));
          return path;
        });
        if (cut) appendFileSync(paths.at(-1) as string, '1970-01-01T00:00:00.000000000+00:00 stdout F half'); // being written
        const shown = (some: readonly Piece[]) => some.map(({ text, ends }) => `${text}${ends ? '\n' : ''}`);
        expect(await texts(paths, {})).toEqual(shown(files.flat()));
        expect(await texts(paths, { tail })).toEqual(shown(lastOf(files.flat(), tail)));
      },
    ),
    { numRuns: 60 },
  );
});

it('what comes after the last lines follows them once, also when the file is put aside meanwhile', async () => {
  const path = join(dir, 'log');
  const line = (text: string, at: number) => record({ text, ends: true }, at);
  writeFileSync(path, line('one', 1) + line('two', 2));
  let looks = 0;
  const running = () => {
    looks++;
    if (looks === 2) appendFileSync(path, line('three', 3));
    if (looks === 3) {
      appendFileSync(path, line('four', 4));
      renameSync(path, `${path}.1`);
      writeFileSync(path, line('five', 5));
    }
    return looks < 4;
  };
  expect(await texts([path], { tail: 1, follow: true }, running)).toEqual(['two\n', 'three\n', 'four\n', 'five\n']);
});
