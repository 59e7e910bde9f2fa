import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { alignTabs } from './table.ts';

/**
 * docker's way of writing sizes: powers of ten, three significant digits (units.HumanSizeWithPrecision), as in its
 * lists; four (units.HumanSize) in sums.
 */
export function humanSize(bytes: number, digits: 3 | 4 = 3): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** docker's way of writing spans (units.HumanDuration). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

export function ago(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? 'N/A' : `${humanDuration(Date.now() - at)} ago`;
}

/** A heading and rows, every line of as many cells, as docker's tables are. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${alignTabs([header, ...rows].map((row) => row.join('\t')).join('\n'))}\n`;
}

export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** Cut to `width` characters, an ellipsis the last of them. */
export function truncate(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Go's default text of a time, in local time: 2006-01-02 15:04:05 -0700 MST. */
export function localTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return 'N/A';
  const { date, clock, east, zone } = localParts(at);
  return `${date} ${clock} ${zone.replace(':', '')} ${zoneName(east) ?? zone.replace(':', '')}`;
}

/** RFC 3339 in local time, to the second: 2006-01-02T15:04:05-07:00; Z where that is UTC. */
export function localStamp(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return 'N/A';
  const { date, clock, east, zone } = localParts(at);
  return `${date}T${clock}${east === 0 ? 'Z' : zone}`;
}

/** `east`: minutes. */
function localParts(at: Date): { date: string; clock: string; east: number; zone: string } {
  const two = (value: number) => String(value).padStart(2, '0');
  const east = -at.getTimezoneOffset();
  return {
    date: `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    clock: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
    east,
    zone: `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`,
  };
}

/**
 * What the zone calls itself at so many minutes east: `CET`, as the last line of its file says (RFC 8536, 3.3: a TZ
 * string of POSIX). Intl knows such names by language, and says `GMT+1` in most.
 */
function zoneName(offset: number): string | undefined {
  const [, standard, away, summer] =
    /^(<[^>]+>|[A-Za-z]+)([-+]?\d+(?::\d+)?)(<[^>]+>|[A-Za-z]+)?/.exec(zoneRule()) ?? [];
  const [hours = 0, minutes = 0] = (away ?? '0').replace(/^[-+]/, '').split(':').map(Number);
  const east = (hours * 60 + minutes) * (away?.startsWith('-') ? 1 : -1);
  const name = east === offset ? standard : summer;
  return name?.replace(/[<>]/g, '');
}

function zoneRule(): string {
  const named = process.env.TZ?.replace(/^:/, '');
  if (named === '') return 'UTC0';
  const file = named === undefined ? '/etc/localtime' : resolve('/usr/share/zoneinfo', named);
  try {
    return readFileSync(file, 'latin1').split('\n').at(-2) ?? '';
  } catch {
    return 'UTC0';
  }
}
