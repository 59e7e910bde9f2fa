import { closeSync } from 'node:fs';
import { openDirectory } from './beneath.ts';
import { native } from './library.ts';

const IOCTL = 'int ioctl(int fd, unsigned long request, void *flags)';
// linux/fs.h: _IOR('f', 1, long), _IOW('f', 2, long); what is read and written is an int, ioctl_iflags(2)
const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_TOPDIR_FL = 0x00020000;

const flags = new Uint32Array(1);

/**
 * Tells the file system that the directories in this one have nothing to do with each other (`chattr +T`):
 * ext4 then puts each where there is room instead of all into one block group. So threads that fill them do
 * not wait for one bitmap, and none searches for a free inode among those that were just deleted, which
 * ext4 does not use again for minutes: 20,000 files took 10 to 20 s of that, and 3 to 5 so; a container that makes as
 * many, after others that did and were removed, 11 to 19 s, and 2. Other file systems have no such flag, and need none.
 */
export function spreadBelow(dir: string): void {
  const fd = openDirectory(dir);
  try {
    if (native(IOCTL)(fd, FS_IOC_GETFLAGS, flags) !== 0) return;
    const found = flags[0] as number;
    if (found & FS_TOPDIR_FL) return;
    flags[0] = found | FS_TOPDIR_FL;
    native(IOCTL)(fd, FS_IOC_SETFLAGS, flags);
  } finally {
    closeSync(fd);
  }
}
