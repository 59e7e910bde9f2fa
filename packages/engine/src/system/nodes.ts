import { call, cString } from './library.ts';

const MKNOD = 'int mknod(const void *path, unsigned int mode, unsigned long dev)';
const UTIMENSAT = 'int utimensat(int dirfd, const void *path, const int64_t *times, int flags)';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** File type bits of mode, inode(7). */
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;

/** glibc's packing of a device number (gnu_dev_makedev), as st_rdev has it. */
export function makeDevice(major: number, minor: number): bigint {
  const ma = BigInt(major);
  const mi = BigInt(minor);
  return ((ma & 0xfffff000n) << 32n) | ((ma & 0xfffn) << 8n) | ((mi & 0xffffff00n) << 12n) | (mi & 0xffn);
}

export function deviceMajor(device: bigint): number {
  return Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn));
}
export function deviceMinor(device: bigint): number {
  return Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn));
}

/** A device, or a fifo with device 0. `mode` holds the type and permission bits. */
export function makeNode(path: string | Buffer, mode: number, device: bigint): void {
  call(MKNOD, 'mknod', path, cString(path), mode, device);
}

const times = new BigInt64Array(4);

/** Sets access and modification time of the file itself to the nanosecond: Node's utimes takes doubles. */
export function setTimes(path: string | Buffer, seconds: bigint, nanos: number): void {
  times[0] = seconds;
  times[1] = BigInt(nanos);
  times[2] = seconds;
  times[3] = BigInt(nanos);
  call(UTIMENSAT, 'utimensat', path, AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW);
}

const FUTIMENS = 'int futimens(int fd, const int64_t *times)';

/** The same for an open file: no path to walk. */
export function setTimesOf(fd: number, seconds: bigint, nanos: number): void {
  times[0] = seconds;
  times[1] = BigInt(nanos);
  times[2] = seconds;
  times[3] = BigInt(nanos);
  call(FUTIMENS, 'futimens', undefined, fd, times);
}
