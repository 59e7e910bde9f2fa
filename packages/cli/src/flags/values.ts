import { MicaError } from '@mica/engine';

function invalid(flag: string, text: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid argument "${text}" for "${flag}" flag: ${why}`, {
    subject: flag,
    exitCode: 125,
  });
}

const units = ['', 'k', 'm', 'g', 't', 'p'];

/** docker's sizes: `512m`, `1.5g`, `.5g`, `2048`, `1gb`, `1GiB`; powers of 1,024. null for what is none. */
export function parseBytes(text: string): number | null {
  const match = /^((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (match === null) return null;
  return Math.floor(Number(match[1]) * 1024 ** units.indexOf((match[2] ?? '').toLowerCase()));
}
export function bytesOf(flag: string) {
  return (text: string): number => {
    const bytes = parseBytes(text);
    if (bytes === null) throw invalid(flag, text, `invalid size: '${text}'`);
    return bytes;
  };
}
/** The same, with −1 for no limit. */
export function bytesOrUnlimited(flag: string) {
  return (text: string): number => (text === '-1' ? -1 : bytesOf(flag)(text));
}
export function integer(flag: string) {
  return (text: string): number => {
    if (!/^-?\d{1,15}$/.test(text)) throw invalid(flag, text, `strconv.ParseInt: parsing "${text}": invalid syntax`);
    return Number(text);
  };
}
export function decimal(flag: string) {
  return (text: string): number => {
    if (!/^\d+(\.\d+)?$|^\.\d+$/.test(text)) throw invalid(flag, text, 'failed to parse it as a rational number');
    return Number(text);
  };
}

/** The sign of micro (U+00B5) and the Greek letter (U+03BC) look alike, and Go takes both. */
const seconds = { ns: 1e-9, us: 1e-6, '\u00b5s': 1e-6, '\u03bcs': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const part = /(\d+\.?\d*|\.\d+)(ns|[u\u00b5\u03bc]s|ms|s|m|h)/g;

/** Go's durations: `1m30s`, `500ms`, `.5s`, `0`; seconds, or null for what is none. */
function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (text === '' || text.replace(part, '') !== '') return null;
  return [...text.matchAll(part)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * seconds[unit as keyof typeof seconds],
    0,
  );
}
/** Nanoseconds. */
export function duration(flag: string) {
  return (text: string): number => {
    const found = parseDuration(text);
    if (found === null) throw invalid(flag, text, `time: invalid duration "${text}"`);
    return Math.round(found * 1e9);
  };
}

/**
 * docker's points in time: `10m` ago, `-10m` ahead, seconds since 1970, RFC 3339 or the beginning of one, in local
 * time where it names no zone; milliseconds since 1970. What is none is 1, not 125: docker's command line hands it to its daemon.
 */
export function pointInTime(name: string) {
  return (text: string): number => {
    const ago = parseDuration(text.replace(/^-/, ''));
    if (ago !== null && text !== '0') return Date.now() - (text.startsWith('-') ? -ago : ago) * 1000;
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
    const at = parseDate(text);
    if (at !== null) return at;
    throw new MicaError(
      'invalid-argument',
      `invalid value for "${name}": failed to parse value as time or duration: "${text}"`,
      { subject: text, hint: 'expected 10m, seconds since 1970, or 2026-01-31T12:00:00Z or its date alone' },
    );
  };
}
/** Date.parse takes a date alone for one of UTC, and half a sentence for a date. */
function parseDate(text: string): number | null {
  const [, date, time = 'T00:00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const at = Date.parse(`${date}${time}${zone}`);
  return date === undefined || Number.isNaN(at) ? null : at;
}
/** The same for a flag: an empty text is none, which commander keeps as an empty text. */
export function optionalTime(name: string) {
  const parse = pointInTime(name);
  return (text: string): number | undefined => (text === '' ? undefined : parse(text));
}

/** Of the options that were given only. */
export function given<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
