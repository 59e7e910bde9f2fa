import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type CreateOptions, type Engine, MicaError, wrapSystemError } from '@mica/engine';

/**
 * Makes a container and writes its ID to `cidfile`, which must not be there before; without a container, without
 * file. An empty path is none. `before`, which may bring the image, is begun only when the file can be made.
 */
export async function createWith(
  engine: Engine,
  options: CreateOptions,
  cidfile: string | undefined,
  before: () => Promise<void>,
): Promise<string> {
  if (cidfile) {
    // Gone again at once: a pull that is cut off leaves no empty file, which would be in the next one's way.
    closeSync(open(cidfile));
    rmSync(cidfile);
  }
  await before();
  if (!cidfile) return engine.containers.create(options);
  const fd = open(cidfile);
  try {
    const id = await engine.containers.create(options);
    writeSync(fd, id);
    return id;
  } catch (error) {
    rmSync(cidfile, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function open(cidfile: string): number {
  try {
    return openSync(cidfile, 'wx', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw wrapSystemError(error, 'create', cidfile);
    throw new MicaError(
      'conflict',
      `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
      { subject: cidfile, hint: `it holds an ID: mica rm $(cat ${cidfile}), then rm ${cidfile}` },
    );
  }
}
