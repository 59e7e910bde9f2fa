import { expect, it } from 'vitest';
import { Core, Kind } from '../../src/index.ts';

it('a table that was disposed of has given its memory back, once and for all', () => {
  const builder = new Core().tableBuilder();
  builder.add(Kind.file, Buffer.from('a'), 0o644, 0, 0, 0n, 1);
  const table = builder.finish();
  const { buffer } = table.bytes;
  expect(table.path(0)).toBe('a');
  table[Symbol.dispose]();
  table[Symbol.dispose]();
  expect(buffer.detached).toBe(true);
  expect(() => table.size(0)).toThrow(TypeError);
});
