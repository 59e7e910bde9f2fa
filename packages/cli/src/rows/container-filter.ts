import { type ContainerSummary, type Engine, MicaError, statusFilters } from '@mica/engine';
import { type Filters, flagValue, hasLabels, parseFilters } from '../flags/filter.ts';

const known = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
] as const;
const healths = ['none', 'starting', 'healthy', 'unhealthy'];

type Test = (container: ContainerSummary) => boolean;
/** What a filter asks of the engine's full description, made only for it. */
interface Described {
  readonly NetworkSettings: { readonly Networks?: Readonly<Record<string, { readonly NetworkID?: string } | null>> };
  readonly Mounts: readonly { readonly Name?: string; readonly Source?: string; readonly Destination?: string }[];
}

export function containerFilters(given: readonly string[]): Filters {
  return parseFilters(given, known);
}

/** docker's rules: values of one filter are alternatives (of `label` all must hold), filters all hold. */
export function filterContainers(engine: Engine, containers: ContainerSummary[], filters: Filters): ContainerSummary[] {
  const tests = [...filters].map(([name, values]) => test(engine, containers, name, values));
  return containers.filter((container) => tests.every((holds) => holds(container)));
}

function test(engine: Engine, all: readonly ContainerSummary[], name: string, values: readonly string[]): Test {
  const described = (container: ContainerSummary) => engine.containers.inspect(container.id) as unknown as Described;
  switch (name) {
    case 'label':
      return ({ labels }) => hasLabels(labels, values);
    case 'status':
      for (const value of values)
        if (!statusFilters.includes(value)) throw invalid(name, value, statusFilters.join(', '));
      return ({ status }) => values.includes(status);
    case 'name': {
      const patterns = values.map((value) => pattern(name, value));
      return (container) => patterns.some((one) => one.test(container.name) || one.test(`/${container.name}`));
    }
    case 'id': {
      const patterns = values.map((value) => pattern(name, value));
      return ({ id }) => patterns.some((one) => one.test(id));
    }
    case 'exited': {
      const codes = values.map((value) => integer(name, value));
      return ({ status, exitCode }) => status === 'exited' && codes.includes(exitCode ?? 0);
    }
    case 'ancestor':
      return ancestor(engine, values);
    case 'before':
    case 'since':
      return relativeTo(engine, all, name, values);
    case 'network':
      return (container) => {
        const networks = Object.entries(described(container).NetworkSettings.Networks ?? {});
        return networks.some(([own, about]) =>
          values.some((value) => value === own || (value !== '' && (about?.NetworkID ?? '').startsWith(value))),
        );
      };
    case 'volume':
      return (container) =>
        described(container).Mounts.some(({ Name, Source, Destination }) =>
          // docker's: a bind mount is called by its folder, a volume by its name only.
          values.some((value) => value === (Name ?? Source) || value === Destination),
        );
    case 'is-task': {
      const wanted = values.map((value) => flagValue(name, value));
      return () => wanted.includes(false); // swarm's, which is not here
    }
    case 'health':
      for (const value of values) if (!healths.includes(value)) throw invalid(name, value, healths.join(', '));
      return (container) =>
        values.includes(
          (engine.containers.inspect(container.id).State as { Health?: { Status?: string } }).Health?.Status ?? 'none',
        );
    default:
      return published(engine, name, values);
  }
}

/** Containers of the image and of every image that stands on its layers. */
function ancestor(engine: Engine, values: readonly string[]): Test {
  const stacks: (readonly string[])[] = [];
  for (const value of values) {
    try {
      stacks.push(engine.images.inspect(value).RootFS.Layers);
    } catch (error) {
      // docker warns in its log and matches nothing.
      if (!(error instanceof MicaError) || error.code !== 'no-such-image') throw error;
    }
  }
  const layersOf = new Map<string, readonly string[]>();
  return ({ imageId }) => {
    const layers = layersOf.get(imageId) ?? engine.images.inspect(imageId).RootFS.Layers;
    layersOf.set(imageId, layers);
    return stacks.some((stack) => stack.every((layer, at) => layers[at] === layer));
  };
}

function relativeTo(engine: Engine, all: readonly ContainerSummary[], name: string, values: readonly string[]): Test {
  const ids = values.map((value) => engine.containers.inspect(value).Id);
  const places = ids.map((id) => all.findIndex((container) => container.id === id));
  // Newest first: what is before it stands after it.
  return (container) => {
    const place = all.indexOf(container);
    return places.some((other) => (name === 'before' ? place > other : place < other));
  };
}

/** `PORT[-PORT][/PROTO]` on the host (publish) or in the container (expose), of those that run, as docker's. */
function published(engine: Engine, name: string, values: readonly string[]): Test {
  const ranges = values.map((value) => {
    const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    if (match === null) throw invalid(name, value, 'PORT, PORT-PORT or PORT/PROTOCOL');
    const range = { from: Number(match[1]), to: Number(match[2] ?? match[1]), protocol: match[3] ?? 'tcp' };
    if (range.from > range.to || range.to > 65535) throw invalid(name, value, 'ports up to 65535, the lower one first');
    return range;
  });
  return (container) => {
    const { NetworkSettings } = engine.containers.inspect(container.id);
    const ports = Object.entries((NetworkSettings.Ports ?? {}) as Record<string, { HostPort: string }[] | null>);
    const found = ports.flatMap(([port, bindings]) => {
      const [number = '', protocol = 'tcp'] = port.split('/');
      const numbers = name === 'expose' ? [number] : (bindings ?? []).map(({ HostPort }) => HostPort);
      return numbers.map((one) => ({ number: Number(one), protocol }));
    });
    return found.some(({ number, protocol }) =>
      ranges.some((range) => range.protocol === protocol && number >= range.from && number <= range.to),
    );
  };
}

function pattern(name: string, value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new MicaError('invalid-argument', `invalid filter '${name}=${value}': ${(error as Error).message}`);
  }
}
function integer(name: string, value: string): number {
  if (!/^-?\d+$/.test(value)) throw invalid(name, value, 'a whole number');
  return Number(value);
}
function invalid(name: string, value: string, hint: string): MicaError {
  return new MicaError('invalid-argument', `invalid filter '${name}=${value}'`, { subject: value, hint });
}
