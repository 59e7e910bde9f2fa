import { MicaError, type Volume } from '@mica/engine';

/** `-f KEY=VALUE`: names of one key are alternatives, labels and different keys must all hold, as in docker. */
export function volumeFilter(filters: readonly string[]): (volume: Volume) => boolean {
  const tests: ((volume: Volume) => boolean)[] = [];
  const names: string[] = [];
  for (const filter of filters) {
    const at = filter.indexOf('=');
    const key = at < 0 ? filter : filter.slice(0, at);
    const value = filter.slice(at + 1);
    if (at < 0)
      throw invalid(`invalid argument "${filter}" for "-f, --filter" flag: bad format of filter (expected name=value)`);
    if (key === 'name') names.push(value);
    else if (key === 'driver') tests.push(({ driver }) => driver === value);
    else if (key === 'label') tests.push((volume) => hasLabel(volume, value));
    else if (key === 'dangling') {
      if (!/^(1|0|true|false)$/.test(value)) throw invalid(`invalid filter 'dangling=[${value}]'`);
      const free = value === '1' || value === 'true';
      tests.push(({ containers }) => (containers.length === 0) === free);
    } else throw invalid(`invalid filter '${key}'`, 'filters here: dangling, driver, label, name');
  }
  if (names.length > 0) tests.push(({ name }) => names.some((part) => name.includes(part)));
  return (volume) => tests.every((test) => test(volume));
}

/** `KEY` or `KEY=VALUE`. */
export function hasLabel({ labels }: { readonly labels: Readonly<Record<string, string>> }, text: string): boolean {
  const at = text.indexOf('=');
  if (at < 0) return Object.hasOwn(labels, text);
  return Object.hasOwn(labels, text.slice(0, at)) && labels[text.slice(0, at)] === text.slice(at + 1);
}

function invalid(message: string, hint?: string): MicaError {
  return new MicaError('invalid-argument', message, hint === undefined ? {} : { hint });
}
