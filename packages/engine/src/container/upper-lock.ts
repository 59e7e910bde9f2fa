import { MicaError } from '../error.ts';
import { lockFile, lockFree, type Unlock } from '../system/lock.ts';

/**
 * Keeps others from mounting the same upper to write in it, which overlay leaves undefined: a start, and a copy
 * into a container that does not run; and a commit, that reads it. Until it is given back, or this process ends.
 * `file`: {@link ContainerPaths.lock}.
 * @throws MicaError no-such-container when it was removed meanwhile
 */
export async function lockUpper(
  file: string,
  id: string,
  waiting: { readonly patience?: number; readonly signal?: Pick<AbortSignal, 'throwIfAborted'> | undefined } = {},
): Promise<Unlock> {
  try {
    return await lockFile(file, waiting);
  } catch (error) {
    return notLocked(error, id);
  }
}

/** The same at once; null where somebody has it. */
export function lockFreeUpper(file: string, id: string): Unlock | null {
  try {
    return lockFree(file);
  } catch (error) {
    return notLocked(error, id);
  }
}

function notLocked(error: unknown, id: string): Unlock {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EROFS') return Object.assign(() => {}, { fd: -1 }); // nobody ever had it, and nobody can write there
  if (code !== 'ENOENT') throw error;
  throw new MicaError('no-such-container', `No such container: ${id}`, { subject: id });
}
