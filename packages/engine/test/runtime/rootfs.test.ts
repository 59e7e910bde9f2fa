import { readdirSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { mountRootfs, prepareRootfs } from '../../src/container/rootfs.ts';
import { Store } from '../../src/store/store.ts';
import { unmount } from '../../src/system/mount.ts';
import { xattrOf } from '../../src/system/xattr.ts';
import { dir, file } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

/** Looks at a container's root file system, and at its upper. */
async function inContainer(layers: TarEntry[][], look: (rootfs: string, upper: string) => void): Promise<void> {
  const tars: Buffer[] = [];
  for (const entries of layers) tars.push(await makeTar(entries));
  const diffIds = bench.stack(tars, 'image');
  using store = Store.open(bench.root);
  const paths = new ContainerPaths(bench.root);
  const id = 'a'.repeat(64);
  await prepareRootfs(store, paths, id, diffIds, {});
  const rootfs = await mountRootfs(store, paths, id, diffIds);
  try {
    look(rootfs, paths.part(id, 'upper'));
  } finally {
    unmount(rootfs);
  }
}

const mtime = new Date(1_222_333_444_000);

it("the root's mode, owner, time and attributes are those of the topmost layer that has the root", async () => {
  const pax = { 'SCHILY.xattr.user.note': 'kept' };
  const root = dir('./', { mode: 0o751, uid: 3, gid: 4, mtime, pax });
  await inContainer([[dir('./', { mode: 0o700 })], [root, file('f')], [file('g')]], (rootfs) => {
    const stat = statSync(rootfs);
    expect([stat.mode & 0o7777, stat.uid, stat.gid, stat.mtimeMs]).toEqual([0o751, 3, 4, mtime.getTime()]);
    expect(xattrOf(rootfs, 'user.note')?.toString()).toBe('kept');
  });
});

it('an image without a root entry: 0755 and one time in every store', async () => {
  await inContainer([[file('f')]], (_, upper) => {
    expect([statSync(upper).mode & 0o7777, statSync(upper).mtimeMs]).toEqual([0o755, 0]);
  });
});

it('mount points that the image lacks come without touching the directories that it has', async () => {
  await inContainer([[dir('etc', { mode: 0o750, uid: 5, mtime }), file('etc/f')]], (rootfs, upper) => {
    expect(readdirSync(`${rootfs}/etc`).sort()).toEqual(['f', 'hostname', 'hosts', 'mtab', 'resolv.conf']);
    const etc = statSync(`${rootfs}/etc`);
    expect([etc.mode & 0o7777, etc.uid, etc.mtimeMs]).toEqual([0o750, 5, mtime.getTime()]);
    expect(readdirSync(upper)).toEqual([]);
  });
});
