import type { EventRow } from '@mica/engine';
import { type Command, InvalidArgumentError } from 'commander';
import { addFilterFlag, type Filters, hasLabels, parseFilters } from '../flags/filter.ts';
import { optionalTime } from '../flags/values.ts';
import { shownText } from '../image-path.ts';
import { formatRows, type List, type Row } from '../list.ts';
import { withEngine } from '../session.ts';
import { isTerminal, print } from '../standard-output.ts';

interface Flags {
  readonly filter: readonly string[];
  readonly format?: string;
  readonly since?: number | '';
  readonly until?: number | '';
}

export function define(command: Command): void {
  addFilterFlag(command)
    .option('--format <string>', 'json, or a Go template', (text: string) => {
      if (text.startsWith('table')) throw new InvalidArgumentError('events are no table');
      return text;
    })
    .option('--since <time>', '10m ago, seconds since 1970 or a time of RFC 3339', optionalTime('since'))
    .option('--until <time>', 'as --since; then it ends', optionalTime('until'))
    .addHelpText('after', "\nExample:\n  mica events --since 1h --filter event=die --format '{{json .}}'")
    .action((flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const filters = knownFilters(flags.filter);
        const nanoseconds = (time: number | '' | undefined) =>
          time === undefined || time === '' ? undefined : BigInt(Math.round(time)) * 1_000_000n;
        const until = nanoseconds(flags.until);
        // docker's: what has an end and no beginning begins with the first event that is kept.
        const since = nanoseconds(flags.since) ?? (until === undefined ? undefined : 0n);
        const query = {
          follow: true,
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        };
        for await (const event of engine.events(query))
          if (matches(event, filters)) print(await shown(event, flags.format));
      }),
    );
}

const known = ['container', 'event', 'image', 'label', 'network', 'scope', 'type', 'volume'];
/** Of a daemon, of its plugins and of a swarm: docker knows these, and here nothing of that kind happens. */
const absent = ['config', 'daemon', 'node', 'plugin', 'secret', 'service'];

/** docker's: one that nobody knows is left out, unlike in every other listing; but not without a word. */
function knownFilters(given: readonly string[]): Filters {
  const all = [...known, ...absent];
  const nameOf = (text: string) => text.slice(0, text.indexOf('=')).trim().toLowerCase();
  const [taken, unknown] = [true, false].map((is) => given.filter((text) => all.includes(nameOf(text)) === is));
  for (const text of unknown ?? [])
    process.stderr.write(`WARNING: --filter ${text} is left out: filters here are ${known.join(', ')}\n`);
  return parseFilters(taken ?? [], all);
}

function matches(event: EventRow, filters: Filters): boolean {
  const { name = '', image = event.type === 'image' ? name : '' } = event.attributes;
  const any = (filter: string, is: (value: string) => boolean) => filters.get(filter)?.some(is) ?? true;
  const named = (type: string) => (value: string) =>
    event.type === type && (value === name || (value.length > 0 && event.id.startsWith(value)));
  const bare = (text: string) => text.replace(/:[^:/]*$/, '');
  return (
    !absent.some((filter) => filters.has(filter)) &&
    any('type', (value) => value === event.type) &&
    any('scope', (value) => value === 'local') &&
    // docker's: `health_status` stands for each of them.
    any('event', (value) => value === event.action || event.action.startsWith(`${value}:`)) &&
    any('container', named('container')) &&
    any('network', named('network')) &&
    any('volume', named('volume')) &&
    any('image', (value) =>
      [image, bare(image), ...(event.type === 'image' ? [event.id, bare(event.id)] : [])].includes(value),
    ) &&
    hasLabels(event.attributes, filters.get('label') ?? [])
  );
}

const list: List<Row> = { type: 'events.Message', headers: {}, columns: [] };

async function shown(event: EventRow, format: string | undefined): Promise<string> {
  const { time, type, action, id, attributes } = event;
  const seconds = time / 1_000_000_000n;
  if (!format) {
    const rest = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    const second = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
    const fraction = String(time % 1_000_000_000n).padStart(9, '0');
    const terminal = isTerminal(1);
    const line = `${type} ${action} ${id} (${rest.map((pair) => pair.join('=')).join(', ')})`;
    return `${second}.${fraction}Z ${shownText(line, terminal)}\n`;
  }
  // docker's oldest fields, which it has for containers and images alone.
  const old = {
    ...(type === 'container' || type === 'image' ? { status: action, id } : {}),
    ...(attributes.image === undefined || type !== 'container' ? {} : { from: attributes.image }),
  };
  const message = {
    ...old,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(seconds),
  };
  // Nanoseconds have more digits than a double holds.
  const json = JSON.stringify(message).replace(/}$/, `,"timeNano":${time}}`);
  if (format === 'json' || format === '{{json .}}') return `${json}\n`;
  const fields = {
    ...message,
    Actor: { ID: id, Attributes: new Map(Object.entries(attributes)) },
    Status: old.status ?? '',
    ID: old.id ?? '',
    From: old.from ?? '',
    Scope: 'local',
    Time: message.time,
    TimeNano: String(time),
  };
  return formatRows(list, [fields as unknown as Row], { format });
}
