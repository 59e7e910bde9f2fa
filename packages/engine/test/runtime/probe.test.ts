import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findProgram, OciRuntime } from '../../src/runtime/oci-runtime.ts';
import { runtimeWorks } from '../../src/runtime/probe.ts';

const path = process.env.PATH;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-probe-'));
  // crun 1.8's own words where cgroup v2 is mounted beside v1
  writeFileSync(
    join(dir, 'crun'),
    '#!/bin/sh\necho "cgroups in hybrid mode not supported, drop all controllers from cgroupv2" >&2\nexit 1\n',
  );
  chmodSync(join(dir, 'crun'), 0o755);
});
afterAll(() => {
  for (const name of readdirSync('/run/mica')) if (name.includes(dir.replaceAll('/', '-'))) rmSync(`/run/mica/${name}`);
  process.env.PATH = path;
  rmSync(dir, { recursive: true });
});

it('tells a runtime that makes containers from one that refuses', () => {
  for (const name of ['crun', 'runc']) expect(runtimeWorks(findProgram(name) as string), name).toBe(true);
  expect(runtimeWorks(join(dir, 'crun'))).toBe(false);
});

it('auto takes crun where it works, else runc', () => {
  expect(OciRuntime.find('auto', '/nowhere').path).toMatch(/\/crun$/);
  process.env.PATH = `${dir}:${path}`;
  expect(OciRuntime.find('auto', '/nowhere').path).toMatch(/\/runc$/);
});
