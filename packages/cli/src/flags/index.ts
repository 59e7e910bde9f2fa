import type { CreateOptions } from '@mica/engine';
import type { Command } from 'commander';
import { type LifeFlags, life } from './life.ts';
import { type LimitFlags, limits } from './limits.ts';
import { type NetworkFlags, network } from './network.ts';
import { type ProcessFlags, process } from './process.ts';
import { type PullFlags, pull } from './pull.ts';
import { type SecurityFlags, security } from './security.ts';
import { type StorageFlags, storage } from './storage.ts';
import { addUnsupportedFlags } from './unsupported.ts';

export interface ContainerFlags
  extends ProcessFlags,
    NetworkFlags,
    StorageFlags,
    LimitFlags,
    SecurityFlags,
    LifeFlags,
    PullFlags {}

/** What `run` and `create` have in common. */
export function addContainerFlags(command: Command): Command {
  command.argument('<image>').argument('[command...]', 'replaces the CMD of the image').passThroughOptions();
  for (const group of [process, network, storage, pull, limits, security, life]) group.add(command);
  addUnsupportedFlags(command);
  return command.helpOption('--help', 'show this help');
}

export function createOptions(image: string, command: readonly string[], flags: ContainerFlags): CreateOptions {
  return {
    image,
    ...(command.length > 0 ? { command } : {}),
    ...process.read(flags),
    ...network.read(flags),
    ...storage.read(flags),
    ...limits.read(flags),
    ...security.read(flags),
    ...life.read(flags),
  };
}
