import type { Command } from 'commander';
import { type Filters, flagValue, hasLabels, parseFilters } from './filter.ts';
import { many } from './flag-group.ts';
import { pointInTime } from './values.ts';

interface Item {
  readonly labels: Readonly<Record<string, string>>;
  readonly created: string; // RFC 3339; empty when nobody knows
}

/** `--filter` of prune: `-f` is its --force, in docker too. */
export function addPruneFlags(command: Command): Command {
  return command
    .option('--filter <KEY=VALUE>', 'until=TIME, label=… or label!=…', many, [] as string[])
    .option('-f, --force', 'without asking');
}

/** Whether an item may go: it has every label asked for, none excluded, and is older than `until`. */
export function pruneFilter(given: readonly string[]): (item: Item) => boolean {
  return filterOf(parseFilters(given, common));
}

/** That of images: `dangling=false` says what --all does, and either of them is enough, as in docker. */
export function imagePruneFilter(given: readonly string[]): { all: boolean; mayGo: (item: Item) => boolean } {
  const filters = parseFilters(given, ['dangling', ...common]);
  const dangling = (filters.get('dangling') ?? []).map((text) => flagValue('dangling', text));
  return { all: dangling.includes(false), mayGo: filterOf(filters) };
}

const common = ['label', 'label!', 'until'];

function filterOf(filters: Filters): (item: Item) => boolean {
  const until = (filters.get('until') ?? []).map(pointInTime('until'));
  const unwanted = filters.get('label!') ?? [];
  return ({ labels, created }) =>
    hasLabels(labels, filters.get('label') ?? []) &&
    !unwanted.some((label) => hasLabels(labels, [label])) &&
    until.every((time) => madeAt(created) < time);
}

/** Milliseconds since 1970; what does not say when it was made is older than any that does. */
export function madeAt(created: string): number {
  return created === '' ? Number.NEGATIVE_INFINITY : Date.parse(created);
}
