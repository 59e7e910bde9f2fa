import { expect, it } from 'vitest';
import { instantiate } from '../src/kernel/instance.ts';

it('memory ends before its last byte: a block that would end there is none, and none lies where another does', () => {
  const kernel = instantiate();
  const first = kernel.alloc(128);
  expect(() => kernel.alloc(2 ** 32 - kernel.mark())).toThrow();
  expect(kernel.alloc(128)).toBe(first + 128);
});
