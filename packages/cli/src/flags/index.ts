import type { CreateOptions } from '@mica/engine';
import type { Command } from 'commander';
import { type NetworkFlags, network } from './network.ts';
import { type ProcessFlags, process } from './process.ts';
import { type PullFlags, pull } from './pull.ts';
import { type StorageFlags, storage } from './storage.ts';

export interface ContainerFlags extends ProcessFlags, NetworkFlags, StorageFlags, PullFlags {}

/** What `run` and `create` have in common. */
export function addContainerFlags(command: Command): Command {
  command.argument('<image>').argument('[command...]', 'replaces the CMD of the image').passThroughOptions();
  for (const group of [process, network, storage, pull]) group.add(command);
  return command.helpOption('--help', 'show this help');
}

export function createOptions(image: string, command: readonly string[], flags: ContainerFlags): CreateOptions {
  return {
    image,
    ...(command.length > 0 ? { command } : {}),
    ...process.read(flags),
    ...network.read(flags),
    ...storage.read(flags),
  };
}
