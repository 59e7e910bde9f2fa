import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine } from '../../src/index.ts';
import { importBusybox } from '../support/busybox.ts';

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

it('a container in which something else is mounted is not removed, and one line says why', async () => {
  await importBusybox(engine);
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
  await importBusybox(engine);
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

it('streams of more containers than libuv has threads leave it all of them but one', async () => {
  await importBusybox(engine);
  const command = ['/bin/busybox', 'sh', '-c', 'read word; echo $word; exec /bin/busybox sleep 1000'];
  const names = Array.from({ length: 6 }, (_, i) => `box${i}`);
  const attached = await Promise.all(
    names.map(async (name) => {
      await engine.containers.create({ image: 'base', name, command, network: 'none', openStdin: true });
      return engine.containers.startAttached(name);
    }),
  );
  expect((await stat(work)).isDirectory()).toBe(true);
  for (const [i, { stdin }] of attached.entries()) stdin.write(`word ${i}\n`);
  const said = attached.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]));
  expect(await Promise.all(said)).toEqual(names.map((_, i) => `word ${i}\n`));
  for (const { close, exit } of attached) {
    close();
    await expect(exit).rejects.toMatchObject({ code: 'aborted' });
  }
});

it('who stops reading a log gives its file back', async () => {
  await importBusybox(engine);
  const command = ['/bin/busybox', 'sh', '-c', 'echo one; exec /bin/busybox sleep 1000'];
  const id = await engine.containers.create({ image: 'base', name: 'box', command, network: 'none' });
  await engine.containers.start(id);
  for await (const { text } of engine.containers.logs(id, { follow: true })) {
    expect(Buffer.from(text).toString()).toBe('one\n');
    break;
  }
  const held = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`));
  expect(held.filter((path) => path.endsWith('ctr.log'))).toEqual([]);
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // the one that the folder was read by
  }
}
