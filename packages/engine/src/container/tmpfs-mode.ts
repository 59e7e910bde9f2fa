import { closeSync, fstatSync, openSync } from 'node:fs';
import type { MountPoint } from '../contract/container.ts';
import { DIRECTORY, findIn, O_PATH } from '../system/in-root.ts';

/**
 * runc's, and so docker's: a tmpfs for which no mode is asked has that of the folder it covers. The kernel's own,
 * 1777, would let anyone write in a /run/sshd, which sshd refuses.
 */
export function withModes(rootfs: string, points: readonly MountPoint[]): readonly MountPoint[] {
  if (!points.some(lacksMode)) return points;
  const root = openSync(rootfs, DIRECTORY);
  try {
    return points.map((point) => {
      const mode = lacksMode(point) ? modeIn(root, point.target) : null;
      return mode === null ? point : { ...point, options: [...(point.options ?? []), `mode=${mode.toString(8)}`] };
    });
  } finally {
    closeSync(root);
  }
}

function lacksMode({ type, options = [] }: MountPoint): boolean {
  return type === 'tmpfs' && !options.some((option) => option.startsWith('mode='));
}

/** null where the image has nothing: what the runtime makes there for the mount says nothing. */
function modeIn(root: number, path: string): number | null {
  const fd = findIn(root, path, O_PATH);
  if (fd === null) return null;
  try {
    return fstatSync(fd).mode & 0o7777;
  } finally {
    closeSync(fd);
  }
}
