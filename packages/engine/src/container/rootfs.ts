import { chmodSync, closeSync, existsSync, lchownSync, mkdirSync, openSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Task } from '../contract/task.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import { makePath } from '../files/make-path.ts';
import { ensureUnpacked, rootOfChain } from '../layer/layers.ts';
import { escapeXattr } from '../layer/overlay-marks.ts';
import { mountStack } from '../overlay/stack.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { DIRECTORY, evaluate, openIn } from '../system/in-root.ts';
import { enterPrivateMounts, unmountAll } from '../system/mount.ts';
import { setTimes } from '../system/nodes.ts';
import { spreadBelow } from '../system/spread.ts';
import { withUsualUmask } from '../system/umask.ts';
import { setXattr } from '../system/xattr.ts';
import { requireParts } from './parts.ts';
import type { ContainerPaths } from './paths.ts';

/**
 * Mount points that a container gets, and docker's mark by which programs tell that they are in one; where the image
 * lacks one, it comes from a layer that no commit sees.
 */
const points = ['proc/', 'dev/', 'sys/', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf', '.dockerenv'];
/** As docker's, beside the mount points: where older programs look for what is mounted. */
const mtab = { path: 'etc/mtab', target: '/proc/mounts' };

/** Asked before anything is unpacked for a container: owners and devices need it as much as the mount does. */
function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new MicaError('permission-denied', 'running a container needs root', {
      hint: 'run it as root; without, mica unpack and mica commit --from work on plain directories',
    });
}

/** Makes a container's folders, all of them or, killed meanwhile, none under its name. The upper starts with the attributes of the image's own root. */
export async function prepareRootfs(
  store: Store,
  paths: ContainerPaths,
  id: string,
  diffIds: readonly Digest[],
  task: Task,
): Promise<void> {
  requireRoot();
  const layers = await ensureUnpacked(store, diffIds, task);
  task.signal?.throwIfAborted();
  const making = paths.making(id);
  mkdirSync(dirname(making), { recursive: true, mode: 0o700 });
  spreadBelow(dirname(making));
  mkdirSync(making, { mode: 0o700 });
  makeParts(making, layers);
  await makeUpper(store, join(making, 'upper'), diffIds);
  renameSync(making, paths.dir(id));
}

/** What `dir` lacks beside the upper: nothing in a new container's folder is there yet, of a damaged one's some. */
export function makeParts(dir: string, layers: readonly string[]): void {
  withUsualUmask(() => {
    for (const part of ['work', 'rootfs'])
      if (!existsSync(join(dir, part))) mkdirSync(join(dir, part), { mode: 0o755 });
    const init = join(dir, 'init');
    if (!existsSync(init)) makePoints(init, layers);
  });
}

function makePoints(init: string, layers: readonly string[]): void {
  mkdirSync(init, { mode: 0o755 });
  for (const point of points) {
    const name = point.replace(/\/$/, '');
    if (layers.some((layer) => existsSync(join(layer, name)))) continue;
    mkdirSync(join(init, point.endsWith('/') ? name : dirname(name)), { recursive: true });
    if (!point.endsWith('/')) closeSync(openSync(join(init, name), 'wx', 0o644));
  }
  mkdirSync(join(init, dirname(mtab.path)), { recursive: true });
  symlinkSync(mtab.target, join(init, mtab.path)); // an image's own hides it
}

/** An empty upper, with the attributes of the image's own root. The layers are unpacked. */
export async function makeUpper(store: Store, upper: string, diffIds: readonly Digest[]): Promise<void> {
  withUsualUmask(() => mkdirSync(upper, { mode: 0o755 }));
  const root = await rootOfChain(store, diffIds);
  if (root === null) {
    // Some time that is the same in every store: the upper's root is part of what is committed.
    setTimes(upper, 0n, 0);
    return;
  }
  const { table, index } = root;
  lchownSync(upper, table.uid(index), table.gid(index));
  chmodSync(upper, table.mode(index));
  for (const [name, value] of table.xattrs(index)) setXattr(upper, escapeXattr(name), value);
  setTimes(upper, table.mtimeSec(index), table.mtimeNsec(index));
}

/**
 * Mounts the rootfs in this process's private namespace: it goes with the last process in it, or when a start in the
 * same one, by a restart policy or a process that lives for long, mounts it anew.
 */
export async function mountRootfs(
  store: Store,
  paths: ContainerPaths,
  id: string,
  diffIds: readonly Digest[],
): Promise<string> {
  requireRoot();
  requireParts(paths, named(store, id), ['upper', 'work', 'rootfs', 'init']);
  const layers = await ensureUnpacked(store, diffIds);
  enterPrivateMounts();
  const target = paths.part(id, 'rootfs');
  unmountAll(target);
  mountStack({
    // Below the image: a directory on the way to a mount point is the image's own, with its mode and time.
    lowers: [...layers.toReversed(), paths.part(id, 'init')],
    upper: { dir: paths.part(id, 'upper'), work: paths.part(id, 'work') },
    target,
  });
  return target;
}

/**
 * The same tree to look at only: the upper as the topmost of read-only layers, at a place of its own, so
 * that a start or a write at the same moment meets nothing of it.
 */
export async function mountRootfsView(
  store: Store,
  paths: ContainerPaths,
  id: string,
  diffIds: readonly Digest[],
): Promise<string> {
  requireParts(paths, named(store, id), ['upper', 'rootfs', 'init']);
  const layers = await ensureUnpacked(store, diffIds);
  enterPrivateMounts();
  const target = paths.part(id, 'rootfs');
  mountStack({ lowers: [paths.part(id, 'upper'), paths.part(id, 'init'), ...layers.toReversed()], target });
  return target;
}

function named(store: Store, id: string): { readonly id: string; readonly name: string } {
  return { id, name: store.containers.get(id)?.name ?? id };
}

/**
 * Makes the working directory inside the rootfs, as docker does. The image says where: each of its symlinks is
 * followed as a process of the container would, or it would have folders made on the host.
 */
export function makeWorkdir(rootfs: string, cwd: string): void {
  const root = openSync(rootfs, DIRECTORY);
  try {
    const path = evaluate(root, cwd);
    makePath(root, path, true);
    closeSync(openIn(root, path, DIRECTORY, 'root'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR')
      throw wrapSystemError(error, 'make the working directory', cwd);
    throw new MicaError('invalid-argument', `Cannot mkdir: ${cwd} is not a directory`, {
      subject: cwd,
      cause: error,
      hint: 'the image has a file there: -w names another folder',
    });
  } finally {
    closeSync(root);
  }
}
