import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unmountBelow } from '../src/peers/remains.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-remains-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('mounts go from below a folder whatever it is named, the inner ones first', () => {
  const folder = join(dir, 'a run\\040 of\ttwo\nlines');
  const outer = join(folder, 'in it');
  const inner = join(outer, 'below');
  const beside = join(dir, 'a run\\040 of');
  for (const [at, below] of [
    [outer, inner],
    [beside, beside],
  ] as const) {
    mkdirSync(at, { recursive: true });
    const done = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', at]);
    expect(done.stderr.toString()).toBe('');
    mkdirSync(below, { recursive: true });
  }
  expect(spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', inner]).status).toBe(0);
  const isMounted = (at: string) => statSync(at).dev !== statSync(dir).dev;
  try {
    unmountBelow(folder);
    expect([isMounted(outer), isMounted(beside)]).toEqual([false, true]);
  } finally {
    for (const at of [inner, outer, beside]) spawnSync('umount', [at]);
  }
});
