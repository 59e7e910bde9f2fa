import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type CreateOptions, type Engine, MicaError, wrapSystemError } from '@mica/engine';
import { interruptible } from '../interrupt.ts';

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
  if (!cidfile) return create(engine, options);
  const fd = open(cidfile);
  try {
    const id = await create(engine, options);
    writeSync(fd, id);
    return id;
  } catch (error) {
    rmSync(cidfile, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Ctrl-C while the image's layers are unpacked leaves no half of a container with its name. */
function create(engine: Engine, options: CreateOptions): Promise<string> {
  const interrupt = interruptible();
  return engine.containers
    .create(options, { signal: interrupt.signal })
    .catch(interrupt.told('no container was made'))
    .finally(interrupt[Symbol.dispose]);
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
