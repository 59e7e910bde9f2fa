import { KernelError } from '@mica/core-wasm';
import { expect, it } from 'vitest';
import { notLayer } from '../../src/layer/layer-reader.ts';

it('a layer for which there is not enough memory is not called a bad one', () => {
  const cause = new KernelError('out-of-memory', 'the kernels used up their linear memory');
  const { code, hint } = notLayer(`layer abc cannot be used: ${cause.message}`, cause);
  expect([code, hint]).toEqual(['limit-exceeded', expect.stringContaining('ulimit -v')]);
});
