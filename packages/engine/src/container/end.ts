import { rmSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { enterPrivateMounts, unmountIfMounted } from '../system/mount.ts';
import type { ContainerContext, Row } from './context.ts';
import { releaseNetwork } from './network-state.ts';
import { reconcile, waitForExit } from './state.ts';

export function killContainer(context: ContainerContext, row: Row, signal: string): void {
  if (reconcile(context, row).status !== 'running')
    throw new MicaError('not-running', `container ${row.name} is not running`, { subject: row.name });
  enterPrivateMounts();
  context.runtime.run('kill', row.id, signal);
}

/** Asks with the stop signal, then, after `timeout` seconds, ends it. */
export async function stopContainer(context: ContainerContext, row: Row, timeout: number): Promise<void> {
  if (reconcile(context, row).status !== 'running') return;
  killContainer(context, row, row.record.options.stopSignal ?? 'SIGTERM');
  try {
    await waitForExit(context, row.id, AbortSignal.timeout(timeout * 1000));
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    killContainer(context, row, 'SIGKILL');
    await waitForExit(context, row.id);
  }
}

/** With `volumes` its anonymous volumes go too, as `--rm` has it. */
export async function removeContainer(
  context: ContainerContext,
  row: Row,
  force: boolean,
  volumes = false,
): Promise<void> {
  if (reconcile(context, row).status === 'running') {
    if (!force)
      throw new MicaError(
        'conflict',
        `cannot remove container "/${row.name}": container is running: stop the container before removing or force remove`,
        { subject: row.name },
      );
    killContainer(context, row, 'SIGKILL');
    await waitForExit(context, row.id);
  }
  deleteFromRuntime(context, row.id);
  forget(context, row.id, volumes);
}

/** Takes away all that a container has in the store and in the run folder. */
export function forget(context: ContainerContext, id: string, volumes: boolean): void {
  const { paths, store } = context;
  // Mounted in this namespace when this process, or the monitor it descends from, started it.
  releaseNetwork(context, id);
  unmountIfMounted(paths.part(id, 'rootfs'));
  rmSync(paths.bundle(id), { recursive: true, force: true });
  rmSync(`${paths.exits}/${id}`, { force: true });
  rmSync(paths.dir(id), { recursive: true, force: true });
  const used = store.volumes.usedBy(id);
  store.containers.delete(id);
  if (volumes) context.volumes.removeAnonymous(used);
}

export function deleteFromRuntime(context: ContainerContext, id: string): void {
  enterPrivateMounts();
  try {
    context.runtime.run('delete', '--force', id);
  } catch (error) {
    // Not known to the runtime: never created, deleted before, or forgotten with /run at a boot.
    if (!/does not exist|No such file/.test((error as Error).message)) throw error;
  }
}
