import { randomBytes } from 'node:crypto';
import type { CreateOptions } from '../contract.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import type { ContainerContext } from './context.ts';
import { forget } from './end.ts';
import type { ContainerState } from './record.ts';
import { prepareRootfs } from './rootfs.ts';

/** The new container's ID. Nothing is left of one that could not be made. */
export async function createContainer(context: ContainerContext, options: CreateOptions): Promise<string> {
  const image = resolveImage(context.store, options.image);
  const id = randomBytes(32).toString('hex');
  const name = options.name ?? `mica-${id.slice(0, 8)}`;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw new MicaError(
      'invalid-argument',
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      { subject: name, exitCode: 125 },
    );
  const config = image.config.config ?? {};
  const entrypoint = options.entrypoint ?? config.Entrypoint ?? [];
  const command = [...entrypoint, ...(options.command ?? (options.entrypoint ? [] : (config.Cmd ?? [])))];
  if (command.length === 0)
    throw new MicaError('invalid-argument', 'no command specified', {
      subject: options.image,
      hint: 'give a command after the image',
      exitCode: 125,
    });
  const state: ContainerState = {
    options,
    command,
    status: 'created',
    pid: null,
    pidStart: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
  };
  context.store.containers.insert({ id, name, image: image.id, created: new Date().toISOString(), record: state });
  try {
    await prepareRootfs(context.store, context.paths, id, image.config.rootfs.diff_ids);
    return id;
  } catch (error) {
    forget(context, id);
    throw error;
  }
}
