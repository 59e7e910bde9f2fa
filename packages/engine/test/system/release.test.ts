import { expect, it } from 'vitest';
import { release } from '../../src/system/release.ts';

it('gives memory back that nobody else has a part of, and no other', () => {
  const whole = Buffer.alloc(100_000);
  const shared = Buffer.alloc(100_000, 1);
  release(whole);
  release(shared.subarray(0, 50_000));
  release(shared.subarray(1));
  expect(whole.length).toBe(0);
  expect(shared.equals(Buffer.alloc(100_000, 1))).toBe(true);
  release(Buffer.alloc(0));
});
