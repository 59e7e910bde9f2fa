import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type CreateOptions, type Engine, MicaError, wrapSystemError } from '@mica/engine';

/** Makes a container and writes its ID to `cidfile`, which must not be there before; without a container, without file. An empty path is none. */
export async function createWith(engine: Engine, options: CreateOptions, cidfile: string | undefined): Promise<string> {
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
