import { native } from './library.ts';

const UMASK = 'unsigned int umask(unsigned int mask)';

/**
 * Runs `work`, and what it starts, with the mask that docker's daemon has: what a container finds, and what a commit of it
 * holds, is not for the umask of a shell to say. The process's own, so for moments only. By the C library: Node's sets
 * none in a worker.
 */
export function withUsualUmask<T>(work: () => T): T {
  const before = native(UMASK)(0o022);
  try {
    return work();
  } finally {
    native(UMASK)(before);
  }
}
