import type { RunConfig } from '../image/config.ts';
import { environment } from '../image/environment.ts';
import { parseExpose } from '../network/port-spec.ts';
import type { Row } from './context.ts';
import { healthcheckOf } from './health.ts';
import type { ContainerState } from './record.ts';

/** docker's `Config`: the image's, with what was asked for in its place. */
export function configOf(
  row: Row,
  { options, command }: ContainerState,
  image: RunConfig,
): Readonly<Record<string, unknown>> {
  const entrypoint = options.entrypoint ?? image.Entrypoint ?? [];
  const check = healthcheckOf(options, image);
  const exposed = exposedPorts(options);
  // Of the one who made it: `run -d` attaches nothing.
  const attached = options.stdinOnce ?? false;
  return {
    Hostname: options.hostname ?? row.id.slice(0, 12),
    Domainname: options.domainname ?? '',
    User: options.user ?? image.User ?? '',
    AttachStdin: attached && (options.openStdin ?? false),
    AttachStdout: attached,
    AttachStderr: attached,
    ...(Object.keys(exposed).length > 0 ? { ExposedPorts: exposed } : {}),
    Tty: options.tty ?? false,
    OpenStdin: options.openStdin ?? false,
    StdinOnce: (options.stdinOnce ?? false) && (options.openStdin ?? false),
    Env: environment(image.Env ?? [], options.env ?? []),
    Cmd: command.slice(entrypoint.length),
    ...(check === null ? {} : { Healthcheck: check }),
    Image: options.image,
    Volumes: volumes(options, image),
    WorkingDir: options.workdir ?? image.WorkingDir ?? '',
    Entrypoint: entrypoint.length > 0 ? entrypoint : null,
    OnBuild: image.OnBuild ?? null,
    Labels: { ...image.Labels, ...options.labels },
    ...(options.stopSignal ? { StopSignal: options.stopSignal } : {}),
    ...(options.stopTimeout === undefined ? {} : { StopTimeout: options.stopTimeout }),
  };
}

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
