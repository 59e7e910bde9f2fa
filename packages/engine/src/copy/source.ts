import { closeSync, lstatSync, openSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { DIRECTORY, evaluate, fdPath, openIn } from '../system/in-root.ts';
import { absolute, assertsDirectory, splitPath } from './cp-path.ts';

/** What is copied: the name in an open directory, '' for that directory itself. Whoever gets it closes it. */
export interface Source {
  readonly dirfd: number;
  readonly name: Buffer;
  /** Its last name as the caller wrote it; `.` for "what is in it". */
  readonly base: string;
  readonly isDir: boolean;
  close(): void;
}

/** What the system says in opening a source or a target, of the path as it was written. */
export function naming<T>(doing: string, path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw isSystemError(error) ? wrapSystemError(error, doing, path) : error;
  }
}

/** In a container's root. A symlink at the end is copied as one, unless followed or written with a slash behind it. */
export function sourceIn(root: number, container: string, path: string, followLink: boolean): Source {
  const asked = absolute(path);
  const { base } = splitPath(asked);
  const missing = () =>
    new MicaError('no-such-path', `Could not find the file ${path} in container ${container}`, {
      subject: path,
      hint: `mica cp ${container}:/ - | tar -t lists what is there`,
    });
  const full = followLink && !assertsDirectory(asked) ? evaluate(root, asked) : asked;
  return open(full, base, (dir) => openIn(root, dir, DIRECTORY, 'root'), missing, path);
}

/** On the host. */
export function sourceOnHost(path: string, followLink: boolean): Source {
  const asked = absolute(path, process.cwd());
  const { base } = splitPath(asked);
  const missing = () =>
    new MicaError('no-such-path', `lstat ${asked}: no such file or directory`, {
      subject: path,
      hint: 'a path of the host that is not absolute begins in the folder that the command was given in',
    });
  let full = asked;
  if (followLink && !assertsDirectory(asked)) {
    try {
      full = realpathSync(asked);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing();
      throw error;
    }
  }
  return open(full, base, (dir) => openSync(dir, DIRECTORY), missing, path);
}

function open(
  full: string,
  base: string,
  openDir: (path: string) => number,
  missing: () => MicaError,
  subject: string,
): Source {
  const isDir = assertsDirectory(full);
  const last = posix.basename(full);
  let dirfd: number;
  try {
    dirfd = openDir(isDir ? full : posix.dirname(full));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw missing();
    if (code === 'ENOTDIR')
      throw new MicaError('no-such-path', `lstat ${full}: not a directory`, {
        subject,
        cause: error,
        hint: 'a part of the path is a file: leave out what comes behind it, or the slash at its end',
      });
    throw error;
  }
  const close = () => closeSync(dirfd);
  if (isDir || last === '') return { dirfd, name: Buffer.alloc(0), base, isDir: true, close };
  const name = Buffer.from(last);
  const stat = lstatSync(fdPath(dirfd, name), { throwIfNoEntry: false });
  if (stat === undefined) {
    close();
    throw missing();
  }
  return { dirfd, name, base, isDir: stat.isDirectory(), close };
}
