import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { many } from '../flags/flag-group.ts';
import { hasLabel } from '../flags/volume-filter.ts';
import { humanSize } from '../format.ts';
import { madeAt } from '../rows/image-filter.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly all?: boolean;
  readonly filter: string[];
  readonly force?: boolean;
}
type Image = { labels: Readonly<Record<string, string>>; created: string };

export function define(command: Command): void {
  command
    .option('-a, --all', 'every image that no container has, not only those without a name')
    .option('--filter <KEY=VALUE>', 'until=TIME, label=… or label!=…', many, [] as string[])
    .option('-f, --force', 'without asking')
    .addHelpText('after', '\nExample:\n  mica image prune -f')
    .action(({ all = false, filter, force }: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const tests = filter.map(pruneFilter);
        const what = all ? 'all images without at least one container associated to them' : 'all dangling images';
        if (!force && !(await confirm(`WARNING! This will remove ${what}.`))) return;
        const { removed, reclaimed } = engine.images.prune({
          all,
          keep: (image) => !tests.every((test) => test(image)),
        });
        const lines = removed.map((one) =>
          'untagged' in one ? `untagged: ${one.untagged}` : `deleted: ${one.deleted}`,
        );
        if (lines.length > 0) print(`Deleted Images:\n${lines.join('\n')}\n\n`);
        print(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
      }),
    );
}

/** Whether an image may go. */
function pruneFilter(text: string): (image: Image) => boolean {
  const [, key, not, value = ''] = /^([a-z]+)(!?)=(.*)$/s.exec(text) ?? [];
  if (key === 'label') return (image) => hasLabel(image, value) === (not === '');
  if (key === 'until' && not === '') {
    const before = timeOf(value);
    return (image) => madeAt(image.created) < before;
  }
  throw new MicaError('invalid-argument', `invalid filter '${text.split('=')[0]}'`, {
    hint: 'there are until=TIME, label=… and label!=…',
  });
}

/** docker's until: a time, seconds since the epoch, or how long ago (`24h`, `10m`). */
function timeOf(value: string): number {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const unit = { s: 1000, m: 60_000, h: 3_600_000 };
  if (/^(\d+(\.\d+)?[smh])+$/.test(value)) {
    const span = [...value.matchAll(/([\d.]+)([smh])/g)];
    return Date.now() - span.reduce((sum, [, n, u]) => sum + Number(n) * unit[u as 's' | 'm' | 'h'], 0);
  }
  const at = Date.parse(value);
  if (Number.isNaN(at)) throw new MicaError('invalid-argument', `invalid filter 'until=${value}'`, { subject: value });
  return at;
}
