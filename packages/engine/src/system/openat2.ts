import { native } from './library.ts';

// By number: Debian 12's C library has no wrapper. The same on every architecture since 5.6 (asm-generic/unistd.h).
const OPENAT2 = 'long syscall(long number, int dirfd, const void *path, const void *how, unsigned long size)';
const NR_OPENAT2 = 437;
const O_CLOEXEC = 0o2000000;

/** `resolve` of openat2(2): how far a path may lead. */
export const Resolve = {
  noMagicLinks: 0x02,
  noSymlinks: 0x04,
  beneath: 0x08,
  inRoot: 0x10,
} as const;

// struct open_how: flags, mode, resolve; 64 bits each. One serves every call: the calls are synchronous.
const how = new Uint32Array(6);

/** Opens `path` (a C string) below `dirfd`, closed on exec; -1 where it fails, and errno says why. */
export function openat2(dirfd: number, path: Uint8Array, flags: number, resolve: number): number {
  how[0] = flags | O_CLOEXEC;
  how[4] = resolve;
  return native(OPENAT2)(NR_OPENAT2, dirfd, path, how, how.byteLength);
}
