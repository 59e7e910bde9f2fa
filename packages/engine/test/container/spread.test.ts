import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { openDirectory } from '../../src/system/beneath.ts';
import { native } from '../../src/system/library.ts';
import { importBusybox } from '../support/busybox.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-spread-'));
const root = join(work, 'store');
const engine = new Engine({ root });
const paths = new ContainerPaths(root);
beforeAll(async () => {
  await importBusybox(engine);
});
afterAll(() => {
  engine.close();
  rmSync(paths.run, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});

const FS_IOC_GETFLAGS = 0x80086601;
const FS_TOPDIR_FL = 0x00020000;
/** Whether what is made in the folder is put anywhere on the disk; null where the file system knows no such thing. */
function isSpread(dir: string): boolean | null {
  const flags = new Uint32Array(1);
  const ioctl = native('int ioctl(int fd, unsigned long request, void *flags)');
  if (ioctl(openDirectory(dir), FS_IOC_GETFLAGS, flags) !== 0) return null;
  return ((flags[0] as number) & FS_TOPDIR_FL) !== 0;
}

it('a new container, and what a reset makes, are not put where others were just removed', async () => {
  const id = await engine.containers.create({ image: 'base', name: 'box', command: ['x'], network: 'none' });
  const wanted = isSpread(join(root, 'layers')); // as unpacked layers are not
  expect(isSpread(join(root, 'containers'))).toBe(wanted);
  await engine.reset(id);
  expect(isSpread(paths.dir(id))).toBe(wanted);
});
