import type { CreateOptions } from '../contract/container.ts';
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

/** docker's `Healthcheck`: the image's, value by value replaced by what was asked for; null for none. */
export function healthcheckOf(options: CreateOptions, image: RunConfig | undefined): Healthcheck | null {
  const own = options.health ?? {};
  const theirs: Healthcheck = image?.Healthcheck ?? {};
  const test = own.test ?? theirs.Test ?? [];
  if (test.length === 0) return null;
  if (test[0] === 'NONE') return { Test: test };
  return given({
    Test: test,
    // 0 is docker's "not given".
    Interval: own.interval || theirs.Interval,
    Timeout: own.timeout || theirs.Timeout,
    StartPeriod: own.startPeriod || theirs.StartPeriod,
    StartInterval: own.startInterval || theirs.StartInterval,
    Retries: own.retries || theirs.Retries,
  });
}

/** Without what is 0 or not there. */
function given(check: { [K in keyof Healthcheck]: Healthcheck[K] | undefined }): Healthcheck {
  return Object.fromEntries(Object.entries(check).filter(([, value]) => value));
}

/** The check in force; null for none. */
export function checkOf(options: CreateOptions, image: RunConfig | undefined): Check | null {
  const check = healthcheckOf(options, image);
  const [kind, ...words] = check?.Test ?? [];
  if (check === null || kind === undefined || kind === 'NONE') return null;
  const command = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : kind === 'CMD' ? words : [kind, ...words];
  if (command.length === 0) return null;
  const time = (value: number | undefined, usual: number) => (value ?? usual) / 1_000_000;
  return {
    command,
    interval: time(check.Interval, 30 * SECOND),
    timeout: time(check.Timeout, 30 * SECOND),
    startPeriod: time(check.StartPeriod, 0),
    startInterval: time(check.StartInterval, 5 * SECOND),
    retries: check.Retries ?? 3,
  };
}

/** The record's health at a start. */
export function healthOf(options: CreateOptions, image: RunConfig | undefined): Pick<ContainerState, 'health'> {
  return { health: checkOf(options, image) ? { status: 'starting', failingStreak: 0, log: [] } : null };
}
