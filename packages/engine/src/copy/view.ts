import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import type { ContainerContext, Row } from '../container/context.ts';
import type { ContainerState } from '../container/record.ts';
import { mountRootfs, mountRootfsView } from '../container/rootfs.ts';
import { reconcile } from '../container/state.ts';
import { lockUpper } from '../container/upper-lock.ts';
import type { MountPoint } from '../contract/container.ts';
import { wrapSystemError } from '../error.ts';
import { makePath } from '../files/make-path.ts';
import { resolveImage } from '../images/resolve.ts';
import { processStart } from '../store/files.ts';
import { findIn, O_PATH } from '../system/in-root.ts';
import { attachCopy, unmountAll } from '../system/mount.ts';
import { ensureSources } from '../volume/mount-points.ts';

/** A container's file system as an open directory. Whoever opens it closes it. */
export interface ContainerView {
  readonly fd: number;
  close(): void;
}

/**
 * What the container sees: a running one's through its first process, volumes, binds and tmpfs
 * included; another's stack mounted here, its volumes and binds over it, each at a place that is
 * looked up inside the rootfs. To read, the upper is the topmost of read-only layers: no work folder,
 * nothing that a start at the same moment could meet.
 */
export async function openContainer(
  context: ContainerContext,
  row: Row,
  access: 'read' | 'write',
): Promise<ContainerView> {
  const live = running(context, row);
  if (live !== null) return live;
  if (access === 'write') return openToWrite(context, row);
  const view = await furnished(context, row, 'read');
  // Without: it was never started and has no mount points yet.
  return view ?? openToWrite(context, row);
}

/** What a running container sees; null for one that does not run. */
function running(context: ContainerContext, row: Row): ContainerView | null {
  const { status, pid, pidStart } = reconcile(context, row);
  if (status !== 'running' || pid === null) return null;
  const fd = openSync(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
  // The number may have gone to another process meanwhile; an open directory stays what it is.
  if (processStart(pid) === pidStart) return { fd, close: () => closeSync(fd) };
  closeSync(fd);
  return null;
}

/** Alone with the upper; a start waits until the view is closed. */
async function openToWrite(context: ContainerContext, row: Row): Promise<ContainerView> {
  const unlock = await lockUpper(context.paths.lock(row.id), row.id);
  try {
    const now = context.store.containers.get<ContainerState>(row.id) ?? row;
    const live = running(context, now); // started while this one waited
    const view = live ?? ((await furnished(context, now, 'write')) as ContainerView);
    return {
      fd: view.fd,
      close() {
        view.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Its stack with its volumes and binds over it; null when one of them has no place there, and none is to be made. */
async function furnished(context: ContainerContext, row: Row, access: 'read' | 'write'): Promise<ContainerView | null> {
  const { mounts } = row.record;
  ensureSources(context.volumes, mounts);
  const view = await mounted(context, row, access);
  try {
    if (
      attachAll(
        view,
        mounts.filter(({ type }) => type !== 'tmpfs'),
        access === 'write',
      )
    )
      return view;
  } catch (error) {
    view.close();
    throw error;
  }
  view.close();
  return null;
}

/** Mounts them over the view; false if one has no place there and `make` does not ask for it. */
function attachAll(view: ContainerView, mounts: readonly MountPoint[], make: boolean): boolean {
  for (const { source, target, readOnly, nonRecursive } of mounts) {
    // A container that was never started has no mount points yet: they are made as its start would.
    if (make) makePath(view.fd, target, statSync(source).isDirectory());
    const at = mountPoint(view.fd, target);
    if (at === null) return false;
    try {
      attachCopy(source, at, { readOnly, recursive: !nonRecursive });
    } finally {
      closeSync(at);
    }
  }
  return true;
}

function mountPoint(root: number, target: string): number | null {
  try {
    return findIn(root, target, O_PATH);
  } catch (error) {
    throw wrapSystemError(error, 'mount', target);
  }
}

/** The rootfs alone, without what is mounted in it: what `export` writes. */
export async function openRootfs(context: ContainerContext, row: Row): Promise<ContainerView> {
  const { pid } = reconcile(context, row);
  const path = context.paths.part(row.id, 'rootfs');
  const monitor = pid === null ? null : monitorOf(context, row.id);
  if (monitor !== null) {
    // The monitor lives in the mount namespace where the rootfs was mounted, the container one below.
    const fd = openSync(`/proc/${monitor}/root${path}`, O_PATH | constants.O_DIRECTORY);
    return { fd, close: () => closeSync(fd) };
  }
  return mounted(context, row, 'read');
}

async function mounted(context: ContainerContext, row: Row, access: 'read' | 'write'): Promise<ContainerView> {
  const { store, paths } = context;
  const diffIds = resolveImage(store, row.image).config.rootfs.diff_ids;
  const mount = access === 'write' ? mountRootfs : mountRootfsView;
  const target = await mount(store, paths, row.id, diffIds);
  let fd: number;
  try {
    fd = openSync(target, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    unmountAll(target);
    throw error;
  }
  return {
    fd,
    close() {
      closeSync(fd);
      unmountAll(target); // a removal by this process took it along
    },
  };
}

function monitorOf(context: ContainerContext, id: string): number | null {
  try {
    const pid = Number(readFileSync(`${context.paths.bundle(id)}/conmon.pid`, 'utf8'));
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(id) ? pid : null;
  } catch {
    return null;
  }
}
