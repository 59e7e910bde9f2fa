import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packSteps } from '../../src/commit/pack.ts';
import { packThrough } from '../../src/commit/pack-through.ts';
import { scanDirectory } from '../../src/layer/scan.ts';
import { openDirectory } from '../../src/system/beneath.ts';
import { LayerJobs } from '../support/layer-jobs.ts';

let jobs: LayerJobs;
beforeEach(() => {
  jobs = new LayerJobs();
});
afterEach(() => jobs.close());

const opened = () => readdirSync('/proc/self/fd').length;

it('what a packing holds is given back when nobody takes its buffers', async () => {
  // As many as are read by a ring, and one that is read by parts.
  for (let n = 0; n < 200; n++) writeFileSync(join(jobs.upper, `f${n}`), `${n}`);
  writeFileSync(join(jobs.upper, 'large'), Buffer.alloc(5 << 20));
  const core = new Core();
  const table = scanDirectory(core, jobs.upper);
  const root = openDirectory(jobs.upper);
  const buffer = new Uint8Array(1 << 20);
  const full = new Error('no space left');
  const before = opened();
  for (const at of [0, 2]) {
    let taken = 0;
    const packed = packThrough(
      packSteps(
        core,
        table,
        () => root,
        () => buffer,
      ),
      {
        take() {
          if (taken++ === at) throw full;
          return null;
        },
        onTaken() {},
      },
    );
    await expect(packed).rejects.toBe(full);
    expect(opened()).toBe(before);
  }
  const none = () => {
    throw full;
  };
  await expect(
    packThrough(
      packSteps(core, table, () => root, none),
      { take: none, onTaken() {} },
    ),
  ).rejects.toBe(full);
  expect(opened()).toBe(before);
});
