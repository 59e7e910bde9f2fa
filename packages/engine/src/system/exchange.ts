import { call, cString } from './library.ts';

const RENAMEAT2 = 'int renameat2(int olddirfd, const void *from, int newdirfd, const void *to, unsigned int flags)';
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

/** Two names of one file system change places in one step (renameat2(2)): nobody ever sees only one of them. */
export function exchange(a: string, b: string): void {
  call(RENAMEAT2, 'renameat2', a, AT_FDCWD, cString(a), AT_FDCWD, cString(b), RENAME_EXCHANGE);
}
