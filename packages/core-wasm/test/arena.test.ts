import { expect, it } from 'vitest';
import { instantiate } from '../src/kernel/instance.ts';

const HUGE = 2 << 20;

it('memory ends before its last byte: a block that would end there is none, and none lies where another does', () => {
  const kernel = instantiate();
  const first = kernel.alloc(128);
  expect(() => kernel.alloc(2 ** 32 - kernel.mark())).toThrow();
  expect(() => kernel.extend(2 ** 32 - kernel.mark())).toThrow();
  expect(kernel.alloc(128)).toBe(first + 128);
});

it('small blocks begin before the huge pages, large ones in them, and what comes then lies behind those', () => {
  const kernel = instantiate();
  const small = kernel.alloc(100_000);
  expect(small + 100_000).toBeLessThan(HUGE);
  const mark = kernel.mark();
  expect(kernel.alloc(600_000)).toBe(HUGE);
  expect(kernel.alloc(128)).toBeGreaterThanOrEqual(HUGE + 600_000);
  kernel.release(mark);
  expect(kernel.alloc(128)).toBe(mark);
  // As many small ones as reach the huge pages.
  while (kernel.mark() < HUGE) kernel.alloc(100_000);
  const last = kernel.mark();
  expect(kernel.alloc(600_000)).toBe(last);
});

it('the last block grows where it is, wherever that is', () => {
  for (const size of [128, 600_000]) {
    const kernel = instantiate();
    const at = kernel.alloc(size);
    const end = kernel.mark();
    for (let grown = 0; grown < 3; grown++) kernel.extend(1 << 20);
    expect(kernel.mark()).toBe(end + 3 * (1 << 20));
    new Uint8Array(kernel.memory.buffer, at, kernel.mark() - at).fill(1);
  }
});
