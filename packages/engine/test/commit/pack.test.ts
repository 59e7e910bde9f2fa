import { appendFileSync, closeSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packSteps } from '../../src/commit/pack.ts';
import { scanDirectory } from '../../src/layer/scan.ts';
import { openDirectory } from '../../src/system/beneath.ts';
import { LayerJobs, openBelow } from '../support/layer-jobs.ts';

const MIB = 1 << 20;

let jobs: LayerJobs;
beforeEach(() => {
  jobs = new LayerJobs();
});
afterEach(() => jobs.close());

it.each([
  ['grows', (file: string) => appendFileSync(file, 'x')],
  ['shrinks', (file: string) => truncateSync(file, 3 * MIB - 1)],
] as const)('a file that %s while a part of it is packed already is a conflict, and is closed', (_, change) => {
  const { upper } = jobs;
  const file = join(upper, 'large');
  writeFileSync(file, Buffer.alloc(3 * MIB, 1));
  const core = new Core();
  const root = openDirectory(upper);
  try {
    const buffer = new Uint8Array(MIB);
    const steps = packSteps(
      core,
      scanDirectory(core, upper),
      () => root,
      () => buffer,
    );
    expect(steps.next()).toMatchObject({ done: false, value: { length: MIB } });
    change(file);
    const rest = () => {
      while (!steps.next().done);
    };
    expect(rest).toThrow('/large changed while it was read');
    expect(openBelow(file)).toEqual([]);
  } finally {
    closeSync(root);
  }
});
