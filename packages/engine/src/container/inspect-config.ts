import type { RunConfig } from '../image/config.ts';
import { environment } from '../image/environment.ts';
import type { Row } from './context.ts';
import { exposedPorts, volumes } from './declared.ts';
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
