import { afterEach, expect, it, vi } from 'vitest';
import { callersEnv, mergeEnv } from '../../src/container/env.ts';

afterEach(() => vi.unstubAllEnvs());

it("a name alone: the caller's has the caller's value, an image's gets none of it", () => {
  vi.stubEnv('MICA_SECRET', 'of the host');
  const base = ['PATH=/bin', 'TERM=xterm'];
  expect(mergeEnv(base, ['MICA_SECRET', 'TERM', 'A=1'])).toEqual(['PATH=/bin', 'A=1']);
  expect(mergeEnv(base, ['A=1'], callersEnv(['MICA_SECRET', 'A', 'B=2=3']))).toEqual([
    'PATH=/bin',
    'TERM=xterm',
    'MICA_SECRET=of the host',
    'B=2=3',
  ]);
});
