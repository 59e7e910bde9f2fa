import { MicaError } from '@mica/engine';

function invalid(flag: string, text: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid argument "${text}" for "${flag}" flag: ${why}`, {
    subject: flag,
    exitCode: 125,
  });
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** docker's sizes: `512m`, `1.5g`, `100k`, `2048`, `1gb`, `1GiB`; powers of 1,024. */
export function bytesOf(flag: string) {
  return (text: string): number => {
    const match = /^(\d+(?:\.\d+)?) ?([bkmgt]?)(?:i?b)?$/i.exec(text);
    const unit = units[match?.[2]?.toLowerCase() ?? 'x'];
    if (match === null || unit === undefined) throw invalid(flag, text, `invalid size: '${text}'`);
    return Math.floor(Number(match[1]) * unit);
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

const seconds: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Go's durations: `1m30s`, `500ms`, `0`; seconds, or null for what is none. */
function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return null;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (seconds[unit as string] as number),
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
 * docker's points in time: `10m` ago, `-10m` ahead, seconds since 1970, RFC 3339 or its date alone; milliseconds
 * since 1970. What is none is 1, not 125: docker's command line hands it to its daemon.
 */
export function pointInTime(name: string) {
  return (text: string): number => {
    const ago = parseDuration(text.replace(/^-/, ''));
    if (ago !== null && text !== '0') return Date.now() - (text.startsWith('-') ? -ago : ago) * 1000;
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
    const at = Date.parse(text);
    if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at)) return at;
    throw new MicaError(
      'invalid-argument',
      `invalid value for "${name}": failed to parse value as time or duration: "${text}"`,
      { subject: text, hint: 'expected 10m, seconds since 1970, or 2026-01-31T12:00:00Z or its date alone' },
    );
  };
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
