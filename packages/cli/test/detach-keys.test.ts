import fc from 'fast-check';
import { expect, it } from 'vitest';
import { detachable, parseDetachKeys } from '../src/detach-keys.ts';

/** What comes through, and how often the sequence was found. */
async function typed(sequence: Buffer, chunks: readonly Buffer[]): Promise<{ through: Buffer; found: number }> {
  let found = 0;
  const keys = detachable(sequence, () => found++);
  for (const chunk of chunks) keys.write(chunk);
  keys.end();
  const through: Buffer[] = [];
  for await (const chunk of keys) through.push(chunk);
  return { through: Buffer.concat(through), found };
}

// Of two letters, so that beginnings of the sequence come again and again within it.
const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((list) => list.join(''));

it('keys a, a, b are found in a a a b', async () => {
  const { through, found } = await typed(parseDetachKeys('a,a,b'), [Buffer.from('aaab')]);
  expect([through.toString(), found]).toEqual(['a', 1]);
});

it('a sequence is found just when what is typed contains it, and all before it comes through', async () => {
  await fc.assert(
    fc.asyncProperty(letters(1, 6), fc.array(letters(1, 8), { maxLength: 8 }), async (sequence, chunks) => {
      const whole = chunks.join('');
      const at = whole.indexOf(sequence);
      const { through, found } = await typed(
        Buffer.from(sequence),
        chunks.map((chunk) => Buffer.from(chunk)),
      );
      expect(found).toBe(at < 0 ? 0 : 1);
      expect(through.toString()).toBe(at < 0 ? whole : whole.slice(0, at));
    }),
    { numRuns: 1000 },
  );
});

it("an empty text is docker's own keys: a script's variable that is not set", () => {
  expect([...parseDetachKeys('')]).toEqual([0x10, 0x11]);
  expect(() => parseDetachKeys('foo')).toThrow('foo is no key');
});
