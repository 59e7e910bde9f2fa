import { expect, it } from 'vitest';
import { formatRows } from '../src/list.ts';

it("an empty --format is none, as in docker: a script's variable that is not set", async () => {
  const list = { type: 'formatter.Context', headers: { Name: 'NAME' }, columns: ['Name'] as const };
  for (const flags of [{}, { format: '' }, { format: 'table' }])
    expect(await formatRows(list, [{ Name: 'a' }], flags)).toBe('NAME\na\n');
});
