import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine } from '../../src/index.ts';
import { makeTar } from '../support/tar.ts';

// A process that starts containers and does not end: their mounts are in its own namespace, and stay until it takes
// them away.

let work: string;
let engine: Engine;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'mica-long-lived-'));
  engine = new Engine({ root: join(work, 'store') });
});
afterEach(async () => {
  for (const { id } of engine.containers.list(true)) await engine.containers.remove(id, true);
  engine.close();
  rmSync(work, { recursive: true, force: true });
});

const mounts = () =>
  readFileSync('/proc/thread-self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(work));

async function importBase(): Promise<void> {
  const busybox = readFileSync('/bin/busybox');
  const tar = await makeTar([{ name: 'bin/' }, { name: 'bin/busybox', body: busybox, mode: 0o755 }]);
  await engine.archives.import(Readable.from([tar]), { reference: 'base' });
}

it('a container in which something else is mounted is not removed, and one line says why', async () => {
  await importBase();
  const id = await engine.containers.create({ image: 'base', name: 'box', command: ['true'] });
  const inside = join(work, 'store/containers', id, 'upper/inside');
  mkdirSync(inside);
  execFileSync('mount', ['-t', 'tmpfs', 'none', inside]);
  const removal = engine.containers.remove(id);
  await expect(removal).rejects.toThrow(/^remove .*: device or resource busy$/);
  execFileSync('umount', [inside.replace(id, `${id}.gone`)]);
  await engine.containers.remove(id);
  expect(readdirSync(join(work, 'store/containers'))).toEqual([]);
});

it('a container that it starts again, or resets, is mounted once, and can be removed', async () => {
  await importBase();
  const command = ['/bin/busybox', 'sleep', '1000'];
  const id = await engine.containers.create({
    image: 'base',
    name: 'box',
    command,
    network: 'none',
    stopSignal: 'SIGKILL',
  });
  await engine.containers.start(id);
  for (let again = 0; again < 2; again++) await engine.containers.restart(id, 0);
  await engine.reset(id, { force: true });
  expect(mounts().length).toBe(1);
  await engine.containers.remove(id, true);
  expect(mounts()).toEqual([]);
});
