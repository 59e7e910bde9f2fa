import type { Attachment } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import { AttachSocket } from '../runtime/attach.ts';
import { readExit } from '../runtime/conmon.ts';
import type { ContainerContext, Row } from './context.ts';
import { tell } from './events.ts';
import { requireRunFolder } from './parts.ts';
import { isPausedNow, startFirst, unpauseFirst } from './pause.ts';
import { reconcile, waitForExit } from './state.ts';

/** Connects to the streams of a running container, from now on. @throws MicaError not-running, worded as docker's */
export function attachContainer(context: ContainerContext, row: Row): Attachment {
  const state = reconcile(context, row);
  if (state.status !== 'running')
    throw new MicaError(
      'not-running',
      'You cannot attach to a stopped container, start it first',
      startFirst(row.name),
    );
  if (isPausedNow(context, row.id, state))
    throw new MicaError(
      'conflict',
      'You cannot attach to a paused container, unpause it first',
      unpauseFirst(row.name),
    );
  requireRunFolder(context.paths, row, 'bundle');
  tell(context, row, 'attach');
  return attachmentOf(context, row.id, new AttachSocket(context.paths.bundle(row.id)));
}

export function attachmentOf(context: ContainerContext, id: string, socket: AttachSocket): Attachment {
  let closed = false;
  const exit = async () => {
    await socket.drained;
    const { exits } = context.paths;
    try {
      return await waitForExit(context, id, undefined, () => closed);
    } catch (error) {
      // Run with --rm, and already gone.
      if (error instanceof MicaError && error.code === 'no-such-container') return readExit(exits, id) ?? 0;
      throw error;
    }
  };
  const exited = exit();
  exited.catch(() => {}); // nobody may ask for it
  return {
    stdout: socket.stdout,
    stderr: socket.stderr,
    stdin: socket.stdin,
    resize: (rows, columns) => socket.resize(rows, columns),
    exit: exited,
    close: () => {
      closed = true;
      socket.close();
    },
  };
}
