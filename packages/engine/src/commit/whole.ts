import { MicaError } from '../error.ts';

/** A caller's number that is none (NaN, 1.5) or is out of bounds ends before anything is begun with it. @throws MicaError invalid-argument */
export function requireWhole(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new MicaError('invalid-argument', `invalid ${what}: ${String(value)}`, {
    subject: String(value),
    hint: `a whole number from ${least} to ${most}`,
  });
}

/** The last second of the year 9999: RFC 3339, in which an image has its date, has no later ones. */
export const latestTimestamp = 253_402_300_799;

/** What is written as the date of an image: seconds since 1970, in the bounds of `--timestamp`. @throws MicaError invalid-argument */
export function requireTimestamp(seconds: number | undefined): void {
  requireWhole('timestamp', seconds, 0, latestTimestamp);
}
