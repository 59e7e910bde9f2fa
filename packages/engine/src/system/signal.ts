import { constants } from 'node:os';
import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';

/**
 * A name with or without SIG, or a number; as the name. docker's: any number but 0 is one, also where the kernel has
 * not that many; {@link isDeliverable} tells. @throws MicaError invalid-argument, worded as docker's
 */
export function parseSignal(text: string): string {
  requireText(text, 'signal');
  const name = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  if (name in constants.signals || /^SIGRT(MIN(\+([1-9]|1[0-5]))?|MAX(-([1-9]|1[0-4]))?)$/.test(name)) return name;
  const number = /^-?\d{1,9}$/.test(text) ? Number(text) : 0;
  const found = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  if (found) return found;
  if (number !== 0) return `${number}`;
  throw new MicaError('invalid-argument', `Invalid signal: ${text}`, { subject: text, hint: aSignal });
}

/** What there is to choose from, for a hint. */
export const aSignal = 'a name or a number of signal(7): TERM, SIGTERM, 15, RTMIN+3';

/** Of what {@link parseSignal} returns: whether the kernel has it. signal(7): 64 is the last. */
export function isDeliverable(signal: string): boolean {
  const number = Number(signal);
  return Number.isNaN(number) || (number > 0 && number < 65);
}
