import { MicaError, type Volume } from '@mica/engine';
import { hasLabels, parseFilters } from './filter.ts';

/** `-f KEY=VALUE`: names and drivers are alternatives, labels and different keys must all hold, as in docker. */
export function volumeFilter(given: readonly string[]): (volume: Volume) => boolean {
  const tests = [...parseFilters(given, ['dangling', 'driver', 'label', 'name'])].map(([key, values]) =>
    test(key, values),
  );
  return (volume) => tests.every((holds) => holds(volume));
}

function test(key: string, values: readonly string[]): (volume: Volume) => boolean {
  switch (key) {
    case 'dangling': {
      const wrong = values.find((value) => !/^(1|0|true|false)$/.test(value));
      if (wrong !== undefined)
        throw new MicaError('invalid-argument', `invalid filter 'dangling=[${wrong}]'`, {
          hint: 'dangling=true or dangling=false',
        });
      const free = values.map((value) => value === '1' || value === 'true');
      return ({ containers }) => free.includes(containers.length === 0);
    }
    case 'driver':
      return ({ driver }) => values.includes(driver);
    case 'label':
      return ({ labels }) => hasLabels(labels, values);
    default:
      return ({ name }) => values.some((part) => name.includes(part));
  }
}
