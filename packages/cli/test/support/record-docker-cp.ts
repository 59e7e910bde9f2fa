/**
 * Writes down what docker cp does with every case of cp-cases.ts: `node record-docker-cp.ts`, as root.
 * Recorded with docker 28.2.2's command line and the daemon 20.10.24 of Debian 12.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpCases, furnish, furnishSource, lines, outcome } from './cp-cases.ts';
import { Dockerd } from './dockerd.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-record-'));
const docker = await Dockerd.start();
const into: Record<string, string[]> = {};
const out: Record<string, string[]> = {};
const tarOf = (...args: string[]) => spawnSync('tar', args, { maxBuffer: 1 << 28 }).stdout;
try {
  mkdirSync(join(dir, 'rootfs/etc'), { recursive: true });
  docker.ok(['import', '-', 'base:1'], tarOf('-C', join(dir, 'rootfs'), '-c', '.'));
  docker.ok(['create', '--name', 'box', 'base:1', 'sh']);
  furnishSource(join(dir, 'source'));
  furnish(join(dir, 'before'));
  const before = lines(join(dir, 'before'));
  for (const { name } of cpCases) furnish(join(dir, 'into', name));
  docker.ok(['cp', '-', 'box:/'], tarOf('-C', join(dir, 'into'), '-c', '.'));
  docker.ok(['cp', '-', 'box:/'], tarOf('-C', dir, '-c', 'source'));
  const refused = new Set<string>();
  for (const { follow, from, to, name } of cpCases) {
    const flags = follow ? ['-L'] : [];
    if (docker.run(['cp', ...flags, `${dir}/source/${from}`, `box:/${name}/${to}`]).code !== 0) refused.add(name);
    furnish(join(dir, 'out', name));
    const { code } = docker.run(['cp', ...flags, `box:/source/${from}`, `${dir}/out/${name}/${to}`]);
    out[name] = outcome(join(dir, 'out', name), code !== 0, before);
  }
  mkdirSync(join(dir, 'back'));
  docker.ok(['export', '-o', join(dir, 'box.tar'), 'box']);
  tarOf('-C', join(dir, 'back'), '-xpf', join(dir, 'box.tar'));
  for (const { name } of cpCases) into[name] = outcome(join(dir, 'back', name), refused.has(name), before);
  writeFileSync(new URL('docker-cp.json', import.meta.url), `${JSON.stringify({ into, out })}\n`);
} finally {
  await docker.stop();
  rmSync(dir, { recursive: true, force: true });
}
