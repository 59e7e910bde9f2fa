import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { expect, it, vi } from 'vitest';
import { scanDirectory } from '../../src/layer/scan.ts';
import { systemError } from '../../src/system/errno.ts';
import { LayerJobs } from '../support/layer-jobs.ts';

// A folder that is removed between its opening and the reading of its names: no test can be as quick.
const list = vi.hoisted(() => ({ calls: 0 }));
vi.mock('../../src/system/list-names.ts', async (original) => {
  const real = await original<typeof import('../../src/system/list-names.ts')>();
  return {
    listNames: (...args: Parameters<typeof real.listNames>) => {
      if (++list.calls % 3 === 0) throw systemError('scandir', 2, '/gone');
      return real.listNames(...args);
    },
  };
});

it('a folder whose names cannot be read is not left open', () => {
  const jobs = new LayerJobs();
  try {
    mkdirSync(join(jobs.upper, 'a/b'), { recursive: true });
    const opened = () => readdirSync('/proc/self/fd').length;
    const before = opened();
    expect(() => scanDirectory(new Core(), jobs.upper)).toThrow(/\/a\/b changed while it was read/);
    expect(opened()).toBe(before);
  } finally {
    jobs.close();
  }
});
