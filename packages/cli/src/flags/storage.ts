import { isAbsolute, resolve } from 'node:path';
import type { BindMount } from '@mica/engine';
import { InvalidArgumentError } from 'commander';
import type { FlagGroup } from './flag-group.ts';

export interface StorageFlags {
  readonly readOnly?: boolean;
  readonly volume: BindMount[];
}

export const storage: FlagGroup<StorageFlags> = {
  add(command) {
    command
      .option('--read-only', 'its root file system cannot be written')
      .option(
        '-v, --volume <source:target[:ro]>',
        'a folder of the host',
        (value, all: BindMount[]) => [...all, bindMount(value)],
        [] as BindMount[],
      );
  },
  read({ readOnly, volume }) {
    return { mounts: volume, readOnly: readOnly ?? false };
  },
};

function bindMount(value: string): BindMount {
  const [source = '', target, mode = 'rw', ...rest] = value.split(':');
  if (target === undefined || rest.length > 0 || !isAbsolute(target) || !['ro', 'rw'].includes(mode))
    throw new InvalidArgumentError('expected SOURCE:TARGET[:ro]');
  if (!source.includes('/')) throw new InvalidArgumentError('named volumes are not supported yet: give a path');
  return { source: resolve(source), target, readOnly: mode === 'ro' };
}
