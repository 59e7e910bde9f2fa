import type { CreateOptions } from '@mica/engine';
import type { Command } from 'commander';

/**
 * Flags of `run` and `create` that belong together: their declaration, and what they say to the engine.
 * `read` takes commander's options (camel case) and returns only what was given.
 */
export interface FlagGroup<T> {
  add(command: Command): void;
  read(flags: T): Partial<CreateOptions>;
}

/** For an option that may be given several times. */
export const many = (value: string, all: string[]): string[] => [...all, value];
