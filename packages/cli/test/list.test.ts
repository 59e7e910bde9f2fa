import { expect, it } from 'vitest';
import { humanSize } from '../src/format.ts';
import { formatRows, onlyNames } from '../src/list.ts';
import { glob } from '../src/rows/glob.ts';
import { historyRow } from '../src/rows/history.ts';

it("an empty --format is none, as in docker: a script's variable that is not set", async () => {
  const list = { type: 'formatter.Context', headers: { Name: 'NAME' }, columns: ['Name'] as const };
  for (const flags of [{}, { format: '' }, { format: 'table' }])
    expect(await formatRows(list, [{ Name: 'a' }], flags)).toBe('NAME\na\n');
});

it('--quiet of a table is names alone; another format is taken', () => {
  const of = (format: string) => onlyNames({ quiet: true, format });
  expect([of(''), of('table'), of('json'), of('{{.ID}}')]).toEqual([true, true, false, false]);
  expect(onlyNames({})).toBe(false);
});

it("sizes have three digits in docker's lists and four in its sums", () => {
  expect([humanSize(1_981_952), humanSize(1_981_952, 4), humanSize(999, 4)]).toEqual(['1.98MB', '1.982MB', '999B']);
});

it("patterns are Go's path.Match: an escaped letter is itself, a range that runs backwards holds nothing", () => {
  const fits = (pattern: string, text: string) => glob(pattern)(text);
  expect([fits('a\\d', 'ad'), fits('a\\d', 'a1'), fits('a\\*', 'a*'), fits('a\\*', 'ab')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect([fits('[a-c]', 'b'), fits('[z-a]', 'b'), fits('x[', 'x')]).toEqual([true, false, false]);
});

it("what an image's history says drives no terminal; a pipe has it as it is", () => {
  const text = 'RUN a\n\x1b[2Jb\u009b';
  const said = { createdBy: text, author: text, comment: text };
  const row = { id: '<missing>', created: '', size: 0, emptyLayer: true, tags: [], ...said };
  const fields = (terminal: boolean) => {
    const { Author, Comment, CreatedBy } = historyRow(row, { human: true, whole: true, terminal });
    return [Author, Comment, CreatedBy];
  };
  expect(fields(true)).toEqual(Array(3).fill('RUN a ?[2Jb?'));
  expect(fields(false)).toEqual(Array(3).fill(text));
});
