import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';

const names = new Map<number, string>(Object.entries(constants.errno).map(([name, value]) => [value, name]));

/** A failed system call, shaped like Node's own: `code` is the errno's name. */
export function systemError(call: string, errno: number, path?: string | Buffer): NodeJS.ErrnoException {
  const code = names.get(errno) ?? `E${errno}`;
  const where = path === undefined ? '' : ` '${path.toString()}'`;
  const error: NodeJS.ErrnoException = new Error(`${code}: ${getSystemErrorMessage(-errno)}, ${call}${where}`);
  error.code = code;
  error.errno = -errno;
  error.syscall = call;
  if (path !== undefined) error.path = path.toString();
  return error;
}
