import { exposedPorts, volumes } from '../container/declared.ts';
import { healthcheckOf } from '../container/health.ts';
import type { ContainerState } from '../container/record.ts';
import type { ImageConfig, RunConfig } from '../image/config.ts';
import { environment } from '../image/environment.ts';
import { applyInstructions } from '../image/instructions.ts';

/**
 * The config of an image committed from a container: the image's own, what the container was given
 * beside it (environment, user, working directory, labels, ports, volumes, health check), then the changes asked for.
 * Command and entry point stay the image's: what a container was once run with is no default for its children.
 */
export function committedConfig(base: ImageConfig, state: ContainerState, changes: readonly string[]): ImageConfig {
  const { options } = state;
  const config: RunConfig = base.config ?? {};
  const given = (options.env ?? []).filter((entry) => entry.includes('='));
  const env = environment(config.Env ?? [], given);
  const exposed = { ...config.ExposedPorts, ...exposedPorts(options) };
  const kept = volumes(options, config);
  const check = options.health ? healthcheckOf(options, config) : null;
  const own: RunConfig = {
    ...config,
    ...(Object.keys(exposed).length > 0 ? { ExposedPorts: exposed } : {}),
    ...(kept === null ? {} : { Volumes: kept }),
    ...(check === null ? {} : { Healthcheck: check }),
    ...(env.length > 0 ? { Env: env } : {}),
    ...(options.user ? { User: options.user } : {}),
    ...(options.workdir ? { WorkingDir: options.workdir } : {}),
    ...(options.stopSignal ? { StopSignal: options.stopSignal } : {}),
    ...(options.labels && Object.keys(options.labels).length > 0
      ? { Labels: { ...config.Labels, ...options.labels } }
      : {}),
  };
  const made = applyInstructions(own, changes);
  return Object.keys(made).length === 0 ? base : { ...base, config: made };
}
