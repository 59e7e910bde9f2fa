import type { RunConfig } from '../image/config.ts';
import { parseExpose } from '../network/port-spec.ts';
import type { ContainerState } from './record.ts';

/** Of the image, of --expose and of -p, as `80/tcp`. */
export function exposedPorts({ expose = [], ports = [] }: ContainerState['options']): Record<string, object> {
  const asked = expose.flatMap(parseExpose).map(({ port, protocol }) => `${port}/${protocol}`);
  const published = ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  return Object.fromEntries([...asked, ...published].map((port) => [port, {}]));
}

/** The image's, and those that `-v TARGET` asked for. */
export function volumes(options: ContainerState['options'], image: RunConfig): Record<string, object> | null {
  const asked = (options.mounts ?? []).filter(({ type, source }) => type === 'volume' && source === undefined);
  const all = { ...image.Volumes, ...Object.fromEntries(asked.map(({ target }) => [target, {}])) };
  return Object.keys(all).length > 0 ? all : null;
}
