import { requireTask } from '../argument.ts';
import type { CreateOptions } from '../contract/container.ts';
import type { Task } from '../contract/task.ts';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { noSuchImage, resolveImage } from '../images/resolve.ts';
import { requireProgram } from '../runtime/oci-runtime.ts';
import { checkAsked } from '../runtime/spec.ts';
import { thisProcess } from '../store/files.ts';
import { randomBytes } from '../system/random.ts';
import { parseSignal } from '../system/signal.ts';
import { mountPoints } from '../volume/mount-points.ts';
import type { ContainerContext } from './context.ts';
import { callersEnv } from './env.ts';
import { emit } from './events.ts';
import { initProgram } from './init.ts';
import { randomName } from './names.ts';
import { planNetworks } from './network.ts';
import { requireOptions } from './option-shapes.ts';
import type { ContainerState } from './record.ts';
import { forget } from './remove.ts';
import { checkName } from './rename.ts';
import { checkRestart } from './restart-policy.ts';
import { prepareRootfs } from './rootfs.ts';
import { removed } from './same-upper.ts';
import { fillVolumes, mountsOf } from './volumes.ts';

/** The new container's ID. Nothing is left of one that could not be made, or whose making was stopped. */
export async function createContainer(
  context: ContainerContext,
  options: CreateOptions,
  task: Task = {},
): Promise<string> {
  requireOptions(options);
  requireTask(task);
  task.signal?.throwIfAborted();
  const image = resolveImage(context.store, options.image);
  const id = randomBytes(32).toString('hex');
  const name = options.name?.replace(/^\//, '') ?? freeName(context);
  checkName(name);
  const config = image.config.config ?? {};
  const entrypoint = options.entrypoint ?? config.Entrypoint ?? [];
  const command = [...entrypoint, ...(options.command ?? (options.entrypoint ? [] : (config.Cmd ?? [])))];
  if (command.length === 0)
    throw new MicaError('invalid-argument', 'no command specified', {
      subject: options.image,
      hint: 'give a command after the image',
    });
  const { workdir } = options;
  if (workdir && !workdir.startsWith('/'))
    throw new MicaError(
      'invalid-argument',
      `the working directory '${workdir}' is invalid, it needs to be an absolute path`,
      { subject: '--workdir', hint: `-w /${workdir}` },
    );
  checkAsked(options);
  const runtime = options.runtime ?? context.wantedRuntime;
  if (runtime !== undefined) requireProgram(runtime, runtime);
  checkLife(options);
  const networks = planNetworks(context, options, config);
  const state = {
    options: {
      ...networks.options,
      ...stopSignalOf(options, config.StopSignal),
      ...(runtime === undefined ? {} : { runtime }),
      labels: { ...config.Labels, ...options.labels },
      ...(options.env === undefined ? {} : { env: callersEnv(options.env) }),
    },
    command,
    status: 'created',
    maker: thisProcess(),
    pid: null,
    pidStart: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
  } as const;
  const inherited = (options.volumesFrom ?? []).flatMap((from) => mountsOf(context, from));
  // One transaction: no volume goes between the look at it and the row that says who has it.
  context.store.transaction(() => {
    // Removed since it was read: the container would have no image.
    if (context.store.images.get(image.id) === null) throw noSuchImage(options.image);
    const mounts = mountPoints(context.volumes, {
      requests: options.mounts ?? [],
      inherited,
      imageVolumes: Object.keys(config.Volumes ?? {}),
    });
    const record: ContainerState = { ...state, mounts };
    context.store.containers.insert({ id, name, image: image.id, created: new Date().toISOString(), record });
    emit(context, { id, name, record }, 'create');
    for (const mount of mounts) if (mount.name !== undefined) context.store.volumes.use(mount.name, id);
  });
  try {
    networks.attach(id, name);
    await prepareRootfs(context.store, context.paths, id, image.config.rootfs.diff_ids, task);
    await fillVolumes(context, id, image.config.rootfs.diff_ids);
    task.signal?.throwIfAborted();
    // By force, while its folders were made: nobody would ever take them away.
    if (context.store.containers.get(id) === null) throw removed(name, 'made');
    return id;
  } catch (error) {
    const gone = context.store.containers.get(id) === null;
    forget(context, id, true);
    if (gone && isSystemError(error)) throw removed(name, 'made');
    throw isSystemError(error) ? wrapSystemError(error, 'create container', name) : error;
  }
}

/** Taken from the image once: stop need not read it. */
function stopSignalOf(options: CreateOptions, image: string | undefined): { stopSignal?: string } {
  const signal = options.stopSignal ?? image;
  return signal ? { stopSignal: parseSignal(signal) } : {};
}

function checkLife({ remove, restart, init, health = {}, uts, hostname }: CreateOptions): void {
  if (uts === 'host' && hostname !== undefined)
    throw new MicaError('invalid-argument', 'conflicting options: hostname and the UTS mode', {
      hint: 'with --uts host it has the name of the host: leave -h out',
    });
  for (const [name, value] of Object.entries({
    Interval: health.interval,
    Timeout: health.timeout,
    StartPeriod: health.startPeriod,
    StartInterval: health.startInterval,
  }))
    if (value !== undefined && value !== 0 && value < 1_000_000)
      throw new MicaError('invalid-argument', `${name} in Healthcheck cannot be less than 1ms`, {
        hint: 'a number with its unit: 500ms, 30s, 1m30s',
      });
  if (health.retries !== undefined && health.retries < 0)
    throw new MicaError('invalid-argument', 'Retries in Healthcheck cannot be negative', {
      exitCode: 125,
      hint: 'how often a check fails in a row before the container is unhealthy: --health-retries 3',
    });
  if (restart) checkRestart(restart);
  if (remove && restart && restart.name !== 'no')
    throw new MicaError('invalid-argument', "can't create 'AutoRemove' container with restart policy", {
      hint: 'give --rm or --restart, not both',
      exitCode: 125,
    });
  if (init) initProgram();
}

/** A name that no container has; the store refuses one that was taken since. */
function freeName(context: ContainerContext): string {
  for (let attempt = 0; ; attempt++) {
    const name = randomName(attempt);
    if (!context.store.containers.nameTaken(name)) return name;
  }
}
