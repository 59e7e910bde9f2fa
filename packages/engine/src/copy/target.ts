import { constants, existsSync, fstatSync, lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { MicaError } from '../error.ts';
import { evaluate, O_PATH, withOpen } from '../system/in-root.ts';
import { absolute, assertsDirectory, splitPath, type Target } from './cp-path.ts';

/** A container's path to copy to; a symlink at its end stands for where it leads, inside the root. */
export function targetIn(root: number, container: string, path: string): Target {
  const asked = absolute(path);
  let at = asked;
  let stat = statIn(root, asked);
  if (stat?.isSymbolicLink()) {
    at = evaluate(root, asked);
    stat = statIn(root, at);
  }
  refuseDevice(stat, `destination "${container}:${path}" must be a directory or a regular file`, path);
  return { path: at, exists: stat !== null, isDir: stat?.isDirectory() ?? false };
}

/** A path of the host to copy to. The folder that it is in must exist. */
export function targetOnHost(path: string): Target {
  const asked = absolute(path, process.cwd());
  const dir = posix.dirname(posix.resolve(asked));
  if (!existsSync(dir))
    throw new MicaError('no-such-path', `invalid output path: directory "${dir}" does not exist`, {
      subject: path,
      hint: `mica cp makes no folder on the way: mkdir -p ${dir}`,
    });
  const there = statSync(asked, { throwIfNoEntry: false }) ?? null;
  refuseDevice(there, `invalid output path: "${asked}" must be a directory or a regular file`, path);
  let at = asked;
  for (let links = 0; ; links++) {
    const stat = lstat(at);
    if (stat === null) break;
    if (!stat.isSymbolicLink()) return { path: at, exists: true, isDir: stat.isDirectory() };
    if (links > 10)
      throw new MicaError('invalid-argument', `too many symlinks in ${asked}`, {
        subject: path,
        hint: 'a symbolic link on the way leads back to itself: copy to what it stands for',
      });
    at = posix.resolve(splitPath(at).dir, readlinkSync(at));
  }
  const parent = splitPath(at).dir;
  const stat = statSync(parent, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new MicaError('no-such-path', `lstat ${parent}: no such file or directory`, {
      subject: path,
      hint: 'a symbolic link leads there: make that folder, or remove the link',
    });
  if (!stat.isDirectory())
    throw new MicaError('no-such-path', `${parent}: not a directory`, {
      subject: path,
      hint: 'a symbolic link leads there: name another target, or remove the link',
    });
  return { path: at, exists: false, isDir: false };
}

function refuseDevice(stat: Stats | null, message: string, subject: string): void {
  if (stat?.isCharacterDevice() || stat?.isBlockDevice())
    throw new MicaError('invalid-argument', `${message}: got a device`, {
      subject,
      hint: 'copy to a file or a folder; - is a tar on standard output',
    });
}

function lstat(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function statIn(root: number, path: string): Stats | null {
  const flags = assertsDirectory(path) ? O_PATH : O_PATH | constants.O_NOFOLLOW;
  try {
    return withOpen(root, path, flags, 'root', (fd) => fstatSync(fd));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}
