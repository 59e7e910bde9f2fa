import { readdirSync } from 'node:fs';
import type { Listing, Names } from '@mica/core-wasm';
import { systemError } from './errno.ts';
import { addressOf, lastErrno, native } from './library.ts';

// By number: readdir(3) gives names one by one, and a C library may not have the call itself.
const GETDENTS = 'long syscall(long number, int fd, uint64_t at, unsigned long size)';
const NR_GETDENTS64: Partial<Record<NodeJS.Architecture, number>> = { x64: 217, arm64: 61 };
const ENOSYS = 38;

/**
 * The names in the directory `fd`, open and not read from yet, behind those that are there. The kernel writes them into
 * linear memory: none becomes a string. Where the `number` of the call is not known, or no call, Node reads them.
 */
export function listNames(
  names: Names,
  fd: number,
  number: number | null = NR_GETDENTS64[process.arch] ?? null,
): Listing {
  if (number === null || !readNames(names, fd, number)) {
    // latin1 carries a name's bytes as they are.
    for (const name of readdirSync(`/proc/self/fd/${fd}`, 'latin1')) names.put(name);
  }
  return names.sort();
}

/** False where there is no such call. */
function readNames(names: Names, fd: number, number: number): boolean {
  const getdents = native(GETDENTS);
  for (;;) {
    const room = names.room();
    const length = getdents(number, fd, addressOf(names.bytes) + names.end, room);
    if (length === 0) return true;
    if (length > 0) names.took(length);
    else {
      const errno = lastErrno();
      if (errno === ENOSYS) return false;
      throw systemError('scandir', errno, `/proc/self/fd/${fd}`); // as Node says it
    }
  }
}
