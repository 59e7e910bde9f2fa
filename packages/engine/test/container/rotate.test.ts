import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { logFiles, rotateLog } from '../../src/container/rotate.ts';
import { ownContext } from '../support/container-context.ts';
import { containerRow } from '../support/container-row.ts';

const { context, close } = ownContext('rotate');
afterAll(close);

it('a log of four files: the oldest goes, none is lost or named twice, each look gives them in their order', () => {
  const id = 'a'.repeat(64);
  const row = containerRow(id, { options: { image: 'x', logMaxSize: 1000, logMaxFile: 4 } });
  const dir = context.paths.dir(id);
  const log = context.paths.part(id, 'ctr.log');
  mkdirSync(dir, { recursive: true });
  /** As conmon begins it anew. */
  const begin = (text: string) => {
    writeFileSync(`${log}.new`, text);
    renameSync(`${log}.new`, log);
  };
  const shown = () => logFiles(context, id).map((file) => readFileSync(file, 'utf8'));
  rotateLog(context, row);
  begin('one');
  rotateLog(context, row);
  for (const [text, before, after] of [
    ['two', ['one', 'two'], ['one', 'two']],
    ['three', ['one', 'two', 'three'], ['one', 'two', 'three']],
    ['four', ['one', 'two', 'three', 'four'], ['one', 'two', 'three', 'four']],
    ['five', ['one', 'two', 'three', 'four', 'five'], ['two', 'three', 'four', 'five']],
    ['six', ['two', 'three', 'four', 'five', 'six'], ['three', 'four', 'five', 'six']],
  ] as const) {
    begin(text);
    expect(shown()).toEqual(before);
    rotateLog(context, row);
    rotateLog(context, row); // nothing new: nothing to do
    expect(shown()).toEqual(after);
  }
  expect(readdirSync(dir).sort()).toEqual(['', '.1', '.2', '.3', '.held'].map((end) => `${basename(log)}${end}`));
});
