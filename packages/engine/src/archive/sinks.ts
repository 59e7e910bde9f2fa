import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { MicaError, wrapSystemError } from '../error.ts';
import { makeFolders } from '../system/make-folders.ts';
import type { ArchiveSink } from './save.ts';

const epoch = new Date(0);

/** Writes a tar to `output` and ends it, unless it is standard output. An output that takes no more is left at the signal. */
export async function writeTar(
  output: Writable,
  fill: (sink: ArchiveSink) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const tar = pack({ highWaterMark: 1 << 20 } as never);
  const done = pipeline(tar as unknown as Readable, output, {
    end: output !== process.stdout,
    ...(signal ? { signal } : {}),
  });
  // A failure on either side ends the other; both are waited for, so that no file is opened after its removal.
  const filled = fill(tarSink(tar)).then(
    () => tar.finalize(),
    (error) => {
      tar.destroy(error as Error);
      throw error;
    },
  );
  for (const result of await Promise.allSettled([done, filled])) {
    signal?.throwIfAborted();
    if (result.status === 'rejected') throw wrapSystemError(result.reason, 'write', 'the archive');
  }
}

function tarSink(tar: Pack): ArchiveSink {
  return {
    folder(name) {
      tar.entry({ name: `${name}/`, type: 'directory', mode: 0o755, mtime: epoch });
    },
    async file(name, size, bytes) {
      await new Promise<void>((resolve, reject) => {
        const entry = tar.entry({ name, size, mode: 0o644, mtime: epoch }, (error) =>
          error ? reject(error) : resolve(),
        );
        const sink = entry as unknown as Writable;
        sink.on('error', reject);
        pump(bytes, sink).catch(reject);
      });
    },
  };
}

async function pump(bytes: AsyncIterable<Uint8Array> | readonly Uint8Array[], entry: Writable): Promise<void> {
  const gone = new Promise<void>((resolve) => entry.once('close', resolve));
  for await (const chunk of bytes) {
    if (entry.destroyed) return;
    if (!entry.write(chunk)) await Promise.race([new Promise<void>((resolve) => entry.once('drain', resolve)), gone]);
  }
  entry.end();
}

/** The same into a directory that does not exist or is empty: as it was before when it fails. */
export async function withDirectory(dir: string, fill: (sink: ArchiveSink) => Promise<void>): Promise<void> {
  const isNew = !existsSync(dir);
  const sink = directorySink(dir);
  try {
    await fill(sink);
  } catch (error) {
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
    if (isNew) rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

/** An OCI layout as a directory, which must not exist or be empty. */
export function directorySink(dir: string): ArchiveSink {
  try {
    makeFolders(dir, 0o777);
    if (readdirSync(dir).length > 0)
      throw new MicaError('conflict', `${dir} is not empty`, { subject: dir, hint: 'name a new directory' });
  } catch (error) {
    throw wrapSystemError(error, 'write', dir);
  }
  return {
    folder(name) {
      mkdirSync(join(dir, name), { recursive: true });
    },
    async file(name, _size, bytes) {
      await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(join(dir, name), { flags: 'wx' }));
    },
  };
}
