import { closeSync, openSync, readSync } from 'node:fs';

const pool = Buffer.alloc(256);
let used = pool.length;

/**
 * Up to 64 random bytes of the kernel's, fit for keys (random(4)); the caller's own. Not node:crypto's: that
 * takes 10 ms to load.
 */
export function randomBytes(count: number): Buffer {
  if (pool.length - used < count) {
    const fd = openSync('/dev/urandom', 'r');
    try {
      // At once and whole: the kernel gives up to 256 bytes uninterrupted.
      readSync(fd, pool);
    } finally {
      closeSync(fd);
    }
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + count));
  used += count;
  return bytes;
}

/** A name that nothing else has: 32 hexadecimal digits. */
export function uniqueName(): string {
  return randomBytes(16).toString('hex');
}

/** Any whole number from 0 up to, not with, `below`, at most 2³². */
export function randomBelow(below: number): number {
  return Math.floor((randomBytes(6).readUIntBE(0, 6) / 2 ** 48) * below);
}
