import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Core, sumOf } from '../../src/index.ts';
import { anyEntries, tableOf } from '../support/any-table.ts';

const core = new Core();

it("a table's sum by the kernel is that of its bytes, and another once any of them is another", () => {
  fc.assert(
    fc.property(anyEntries, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, bits) => {
      const { bytes, sum } = tableOf(core, list);
      expect(sum).toBe(sumOf(bytes));
      const at = place % bytes.length;
      bytes[at] = (bytes[at] as number) ^ bits;
      expect(sumOf(bytes)).not.toBe(sum);
    }),
    { numRuns: 60 },
  );
});

it('of two words that are others in one bit each the sum is another, wherever they are', () => {
  const bytes = new Uint8Array(256).map((_, at) => at * 37);
  const flip = (word: number, bit: number) => {
    const at = word * 4 + (bit >> 3);
    bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
  };
  const before = sumOf(bytes);
  const sums = new Set<number>();
  let pairs = 0;
  for (let a = 0; a < 64; a++) {
    for (let b = 0; b < a; b++) {
      flip(a, 31);
      flip(b, 31);
      sums.add(sumOf(bytes));
      pairs++;
      flip(a, 31);
      flip(b, 31);
    }
  }
  expect(sums).not.toContain(before);
  expect(sums.size).toBe(pairs);
});
