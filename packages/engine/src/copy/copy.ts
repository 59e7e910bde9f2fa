import { closeSync, openSync } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { KernelError } from '@mica/core-wasm';
import { decompress } from '../archive/decompress.ts';
import { refusedTar } from '../archive/refused-tar.ts';
import type { ContainerContext, Row } from '../container/context.ts';
import { watchUpper } from '../container/same-upper.ts';
import type { CopyOptions, CopyResult } from '../contract/container.ts';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { plantTree, relocate, tarSize } from '../files/plant-tree.ts';
import type { Ground } from '../files/planted-folders.ts';
import { Planter } from '../files/planter.ts';
import { readTree } from '../files/read-tree.ts';
import { tarChunks } from '../files/write-tar.ts';
import { newCore } from '../system/core.ts';
import { DIRECTORY, evaluate, openIn } from '../system/in-root.ts';
import { arrange } from './cp-path.ts';
import { naming, type Source, sourceIn, sourceOnHost } from './source.ts';
import { targetIn, targetOnHost } from './target.ts';
import { type ContainerView, openContainer, openRootfs } from './view.ts';

/** docker cp CONTAINER:PATH PATH. */
export async function copyFrom(
  context: ContainerContext,
  row: Row,
  path: string,
  to: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const target = naming('copy to', to, () => targetOnHost(to));
  const unchanged = watchUpper(context, row);
  const view = await openContainer(context, row, 'read');
  try {
    const source = openSource(view, row, path, options);
    try {
      const { dir, as } = arrange(source, target, refusal(to));
      const core = newCore();
      const named = `${row.name}:${path}`;
      const table = naming('read', named, () => readTree(core, source.dirfd, source.name, Buffer.from(as), options));
      const fd = naming('copy to', to, () => openSync(dir, DIRECTORY));
      try {
        const ground: Ground = { fd, at: Buffer.alloc(0), scope: 'beneath' };
        const task = { ...options, owner: options.archive ?? false, subject: to };
        await plantTree(table, source.dirfd, relocate(Buffer.from(as), source.name), ground, task);
      } finally {
        closeSync(fd);
      }
      unchanged();
      return { bytes: tarSize(table), path: posix.resolve(to) };
    } catch (error) {
      unchanged(); // or that is why
      throw error;
    } finally {
      source.close();
    }
  } finally {
    view.close();
  }
}

/** docker cp CONTAINER:PATH - : a tar in which the source's last name is the topmost entry. */
export async function archiveOf(
  context: ContainerContext,
  row: Row,
  path: string,
  options: CopyOptions,
): Promise<Readable> {
  const unchanged = watchUpper(context, row);
  const view = await openContainer(context, row, 'read');
  try {
    const source = openSource(view, row, path, options);
    return tarStream(view, source, `${row.name}:${path}`, options, unchanged);
  } catch (error) {
    view.close();
    throw error;
  }
}

function openSource(view: ContainerView, row: Row, path: string, options: CopyOptions): Source {
  const follow = options.followLink ?? false;
  return naming('read', `${row.name}:${path}`, () => sourceIn(view.fd, row.name, path, follow));
}

/** docker export: the rootfs as a tar, without what is mounted in it. */
export async function exportContainer(context: ContainerContext, row: Row, options: CopyOptions): Promise<Readable> {
  const unchanged = watchUpper(context, row);
  const view = await openRootfs(context, row);
  const source: Source = { dirfd: view.fd, name: Buffer.alloc(0), base: '.', isDir: true, close() {} };
  return tarStream(view, source, `${row.name}:/`, options, unchanged);
}

/** What it ends with is held back until it is known that the tree was there to the end: without it a tar is not whole. */
function tarStream(
  view: ContainerView,
  source: Source,
  subject: string,
  options: CopyOptions,
  unchanged: () => void,
): Readable {
  const as = Buffer.from(source.base === '.' ? '' : source.base);
  let isOpen = true;
  const release = () => {
    if (!isOpen) return;
    isOpen = false;
    source.close();
    view.close();
  };
  function* chunks(): Generator<Buffer> {
    let bytes = 0;
    let held: Buffer | undefined;
    try {
      const core = newCore();
      const table = readTree(core, source.dirfd, source.name, as, options);
      for (const chunk of tarChunks(core, table, source.dirfd, relocate(as, source.name))) {
        options.signal?.throwIfAborted();
        if (held) yield held;
        held = chunk;
        bytes += chunk.length;
        options.onProgress?.({ stage: 'pack', subject: source.base, bytes });
      }
      unchanged();
      if (held) yield held;
    } catch (error) {
      unchanged(); // or that is why
      throw isSystemError(error) ? wrapSystemError(error, 'read', subject) : error;
    } finally {
      release();
    }
  }
  // One that is destroyed before it was read never begins: no finally of its own runs.
  return Readable.from(chunks(), { objectMode: false }).once('close', release);
}

/** docker cp PATH CONTAINER:PATH, and with a stream docker cp - CONTAINER:PATH: a tar, plain or compressed. */
export async function copyTo(
  context: ContainerContext,
  row: Row,
  from: string | Readable,
  path: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const view = await openContainer(context, row, 'write');
  try {
    const target = naming('copy to', `${row.name}:${path}`, () => targetIn(view.fd, row.name, path));
    const shown = `${row.name}:${target.path}`;
    if (typeof from !== 'string') {
      if (!target.isDir)
        throw new MicaError('no-such-path', `destination "${row.name}:${path}" must be a directory`, {
          subject: path,
          hint: 'a tar is unpacked into a folder: name the one that it goes to',
        });
      const ground = naming('copy to', shown, () => extraction(row, view, target.path));
      return { bytes: await plantStream(from, ground, shown, options), path: shown };
    }
    const source = naming('read', from, () => sourceOnHost(from, options.followLink ?? false));
    try {
      const { dir, as } = arrange(source, target, refusal(`${row.name}:${path}`));
      const ground = naming('copy to', shown, () => extraction(row, view, dir));
      const read = () => readTree(newCore(), source.dirfd, source.name, Buffer.from(as), options);
      const table = naming('read', from, read);
      const task = { ...options, owner: true, subject: shown };
      await plantTree(table, source.dirfd, relocate(Buffer.from(as), source.name), ground, task);
      return { bytes: tarSize(table), path: shown };
    } finally {
      source.close();
    }
  } finally {
    view.close();
  }
}

/** The directory that is extracted to, checked as docker's daemon does. */
function extraction(row: Row, view: ContainerView, dir: string): Ground {
  try {
    closeSync(openIn(view.fd, dir, DIRECTORY, 'root'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new MicaError('no-such-path', `Could not find the file ${dir} in container ${row.name}`, {
        subject: dir,
        hint: `mica cp makes no folder on the way: mica exec ${row.name} mkdir -p ${dir} makes it while the container runs`,
      });
    if (code === 'ENOTDIR')
      throw new MicaError('invalid-argument', `extraction point is not a directory: ${row.name}:${dir}`, {
        subject: dir,
        hint: 'name the folder that it goes to, or a new name in one',
      });
    throw error;
  }
  const real = evaluate(view.fd, dir);
  const mount = row.record.mounts.findLast(({ target }) => real === target || real.startsWith(`${target}/`));
  if (mount ? mount.readOnly : row.record.options.readOnly)
    throw new MicaError(
      'permission-denied',
      `${mount ? 'mounted volume' : 'container rootfs'} is marked read-only: ${row.name}:${dir}`,
      {
        subject: dir,
        hint: mount
          ? `copy to where it comes from on the host, or mount it without ro`
          : 'run the container without --read-only, or copy into a volume of its own',
      },
    );
  return { fd: view.fd, at: Buffer.from(real.slice(1)), scope: 'root' };
}

async function plantStream(from: Readable, ground: Ground, subject: string, options: CopyOptions): Promise<number> {
  const scanner = newCore().scanTar();
  const planter = new Planter(scanner.entries, ground, { owner: true });
  let bytes = 0;
  try {
    for await (const chunk of await decompress(from, 'cp -', options.signal)) {
      options.signal?.throwIfAborted();
      scanner.push(chunk, planter);
      bytes += chunk.length;
      options.onProgress?.({ stage: 'write', subject, bytes, files: scanner.count });
    }
    scanner.end();
    planter.finish();
    return bytes;
  } catch (error) {
    planter.abort();
    if (error instanceof KernelError)
      throw refusedTar('cp -', error, 'give a tar, plain or compressed with gzip or zstd');
    throw options.signal?.aborted ? error : wrapSystemError(error, 'copy to', subject);
  }
}

function refusal(subject: string): (message: string) => MicaError {
  return (message) => new MicaError('invalid-argument', `${message}: ${subject}`, { subject });
}
