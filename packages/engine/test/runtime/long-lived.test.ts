import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

it('a container that it starts again, or resets, is mounted once, and can be removed', async () => {
  const busybox = readFileSync('/bin/busybox');
  const tar = await makeTar([{ name: 'bin/' }, { name: 'bin/busybox', body: busybox, mode: 0o755 }]);
  await engine.archives.import(Readable.from([tar]), { reference: 'base' });
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
