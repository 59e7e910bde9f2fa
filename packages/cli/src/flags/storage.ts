import type { MountRequest } from '@mica/engine';
import { type FlagGroup, many } from './flag-group.ts';
import { parseMount } from './mount-spec.ts';
import { parseTmpfs, parseVolume } from './volume-spec.ts';

export interface StorageFlags {
  readonly readOnly?: boolean;
  readonly volume: string[];
  readonly mount: string[];
  readonly tmpfs: string[];
  readonly volumesFrom: string[];
}

export const storage: FlagGroup<StorageFlags> = {
  add(command) {
    command
      .option('--mount <type=…,…>', 'a bind mount, a volume or a tmpfs, key by key', many, [] as string[])
      .option('--read-only', 'its root file system cannot be written')
      .option('--tmpfs <target[:options]>', 'a file system in memory', many, [] as string[])
      .option('-v, --volume <[source:]target[:options]>', "a volume, or a host's folder", many, [] as string[])
      .option('--volumes-from <container[:ro]>', 'the mounts of another container', many, [] as string[]);
  },
  read({ readOnly, volume, mount, tmpfs, volumesFrom }) {
    // docker's: a -v that is said twice is one, and of two --tmpfs for a path the last one counts.
    const memory = new Map(tmpfs.map(parseTmpfs).map((one) => [one.target, one]));
    const mounts: MountRequest[] = [
      ...[...new Set(volume)].map(parseVolume),
      ...mount.map(parseMount),
      ...memory.values(),
    ];
    return { mounts, volumesFrom, readOnly: readOnly ?? false };
  },
};
