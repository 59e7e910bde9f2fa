import { closeSync } from 'node:fs';
import type { MountPoint } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import type { Digest } from '../reference/digest.ts';
import { openDirectory } from '../system/beneath.ts';
import { unmount } from '../system/mount.ts';
import { populate } from '../volume/populate.ts';
import type { ContainerContext } from './context.ts';
import type { ContainerState } from './record.ts';
import { mountRootfsView } from './rootfs.ts';

/** Looks at the image's own tree only when there is a volume to fill from it. */
export async function fillVolumes(context: ContainerContext, id: string, diffIds: readonly Digest[]): Promise<void> {
  const { mounts } = context.store.containers.get<ContainerState>(id)?.record ?? { mounts: [] };
  const volumes = mounts.filter(({ type, noCopy }) => type === 'volume' && !noCopy);
  if (volumes.length === 0) return;
  const target = await mountRootfsView(context.store, context.paths, id, diffIds);
  try {
    const root = openDirectory(target);
    try {
      await populate(volumes, root, (name) => context.store.volumes.usersOf(name).some((user) => user !== id));
    } finally {
      closeSync(root);
    }
  } finally {
    unmount(target);
  }
}

/** `CONTAINER[:MODE]`: its bind mounts and volumes, read-only if the mode says so. */
export function mountsOf(context: ContainerContext, from: string): MountPoint[] {
  const [name = '', mode, ...rest] = from.split(':');
  if (name === '' || rest.length > 0 || !['ro', 'rw', undefined].includes(mode))
    throw new MicaError('invalid-argument', `invalid mode: ${[mode, ...rest].join(':')}`, {
      subject: from,
      hint: 'expected CONTAINER, CONTAINER:ro or CONTAINER:rw',
    });
  const { mounts } = context.store.containers.find<ContainerState>(name).record;
  // Filled when they were made, from their own container's image.
  const shared = mounts.filter((mount) => mount.type !== 'tmpfs').map((mount) => ({ ...mount, noCopy: true }));
  return mode === undefined ? shared : shared.map((mount) => ({ ...mount, readOnly: mode === 'ro', mode }));
}
