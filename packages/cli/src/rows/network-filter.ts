import { MicaError, type NetworkSummary } from '@mica/engine';
import { flagValue, hasLabels, parseFilters } from '../flags/filter.ts';

const known = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'] as const;
const builtIn = new Set(['bridge', 'host', 'none']);

/**
 * `network ls -f`: values of one filter are alternatives (of `label` all must hold), filters all hold, as in docker.
 * @throws MicaError invalid-argument for a filter or a value that is none
 */
export function networkFilter(given: readonly string[]): (network: NetworkSummary) => boolean {
  const tests = [...parseFilters(given, known)].map(([name, values]) => test(name, values));
  return (network) => tests.every((holds) => holds(network));
}

function test(name: string, values: readonly string[]): (network: NetworkSummary) => boolean {
  const custom = ({ name }: NetworkSummary) => !builtIn.has(name);
  switch (name) {
    case 'dangling': {
      const free = values.map((value) => flagValue(name, value));
      return (network) => custom(network) && free.includes(network.containers.length === 0);
    }
    case 'driver':
      return ({ driver }) => values.includes(driver);
    case 'id':
      return ({ id }) => values.some((part) => id.includes(part));
    case 'label':
      return ({ labels }) => hasLabels(labels, values);
    case 'scope':
      return () => values.includes('local');
    case 'type': {
      const wrong = values.find((value) => value !== 'custom' && value !== 'builtin');
      if (wrong !== undefined)
        throw new MicaError('invalid-argument', `invalid filter: 'type'='${wrong}'`, { hint: 'custom or builtin' });
      return (network) => values.includes(custom(network) ? 'custom' : 'builtin');
    }
    default:
      return (network) => values.some((part) => network.name.includes(part));
  }
}
