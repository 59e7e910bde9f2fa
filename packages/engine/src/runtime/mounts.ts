import { statSync } from 'node:fs';
import type { MountPoint } from '../contract/container.ts';

/** runtime-spec config.md, `mounts`. */
export interface MountSpec {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** docker's for every tmpfs, each taken back by its opposite (daemon/volumes_unix.go). */
const tmpfsDefaults = ['noexec', 'nosuid', 'nodev'];

/**
 * The runtime's list in the order in which it mounts: what every container has, what the user asked for, and the
 * engine's own files, which a user's /etc would hide. A user's mount takes the place of one of ours.
 */
export function mountSpecs(
  defaults: readonly MountSpec[],
  files: readonly { readonly source: string; readonly target: string; readonly readOnly?: boolean }[],
  points: readonly MountPoint[],
): MountSpec[] {
  const taken = new Set(points.map(({ target }) => target));
  const ours = ({ destination }: MountSpec) => !taken.has(destination);
  const own = files.map(({ source, target, readOnly }) =>
    bind(source, target, ['rbind', 'rprivate', ...(readOnly ? ['ro'] : [])]),
  );
  return [...defaults.filter(ours), ...points.map(mountSpec), ...own.filter(ours)];
}

function bind(source: string, destination: string, options: readonly string[]): MountSpec {
  return { destination, type: 'bind', source, options };
}

function mountSpec(point: MountPoint): MountSpec {
  const { source, target, readOnly } = point;
  if (point.type === 'tmpfs') {
    const asked = [...(point.options ?? []), ...(readOnly ? ['ro'] : [])];
    const options = tmpfsDefaults.filter((option) => !asked.includes(option.slice(2))).concat(asked);
    return { destination: target, type: 'tmpfs', source: 'tmpfs', options: [...new Set(options)] };
  }
  // docker 25: read-only holds for the mounts below too, unless told otherwise. A file has none, and
  // crun 1.8 fails on it: it opens the target of rro as a directory.
  const deep = !point.nonRecursive && !point.writableBelow && statSync(source).isDirectory();
  return bind(source, target, [
    point.nonRecursive ? 'bind' : 'rbind',
    point.propagation ?? 'rprivate',
    ...(readOnly ? ['ro', ...(deep ? ['rro'] : [])] : []),
  ]);
}
