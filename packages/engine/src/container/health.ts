import type { CreateOptions } from '../contract.ts';
import type { Healthcheck, RunConfig } from '../image/config.ts';
import type { ContainerState } from './record.ts';

const SECOND = 1_000_000_000;

/** A check with every value filled in; times in milliseconds. */
export interface Check {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** The check in force: the image's, value by value replaced by what was asked for; null for none. */
export function checkOf(options: CreateOptions, image: RunConfig | undefined): Check | null {
  const own = options.health ?? {};
  const theirs: Healthcheck = image?.Healthcheck ?? {};
  const [kind, ...words] = own.test ?? theirs.Test ?? [];
  if (kind === undefined || kind === 'NONE') return null;
  const command = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : kind === 'CMD' ? words : [kind, ...words];
  if (command.length === 0) return null;
  // 0 is docker's "not given".
  const time = (value: number | undefined, usual: number) => (value || usual) / 1_000_000;
  return {
    command,
    interval: time(own.interval ?? theirs.Interval, 30 * SECOND),
    timeout: time(own.timeout ?? theirs.Timeout, 30 * SECOND),
    startPeriod: (own.startPeriod ?? theirs.StartPeriod ?? 0) / 1_000_000,
    startInterval: time(own.startInterval ?? theirs.StartInterval, 5 * SECOND),
    retries: own.retries || theirs.Retries || 3,
  };
}

/** The record's health at a start. */
export function healthOf(options: CreateOptions, image: RunConfig | undefined): Pick<ContainerState, 'health'> {
  return { health: checkOf(options, image) ? { status: 'starting', failingStreak: 0, log: [] } : null };
}
