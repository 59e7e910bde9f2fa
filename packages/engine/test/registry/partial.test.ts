import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseDigest } from '../../src/reference/digest.ts';
import { download } from '../../src/registry/download.ts';
import { PartialBlob } from '../../src/registry/partial.ts';
import type { Repository } from '../../src/registry/repository.ts';
import { Store } from '../../src/store/store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-partial-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const bytes = Buffer.alloc(2 << 20, 'what is to come');
const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

it('cut off by a full disk it is kept, and says nothing of its own', () => {
  vi.stubEnv('MICA_DISK_RESERVE', '0');
  using store = Store.open(root);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', store.downloadsDir]);
  try {
    const first = PartialBlob.claim(store, { digest, size: bytes.length });
    const fill = () => {
      for (let at = 0; at < bytes.length; at += 1 << 16) first.write(bytes.subarray(at, at + (1 << 16)));
    };
    expect(fill).toThrow('no space left on device');
    first.keep();
    expect(readdirSync(store.downloadsDir)).toHaveLength(1);
    const second = PartialBlob.claim(store, { digest, size: bytes.length });
    expect(second.size).toBe(1 << 20);
    second.drop();
    expect(readdirSync(store.downloadsDir)).toEqual([]);
  } finally {
    execFileSync('umount', ['-l', store.downloadsDir]);
  }
});

it('one that a process is at is nobody else’s to take over: each writes a file of its own', () => {
  using store = Store.open(root);
  const first = PartialBlob.claim(store, { digest, size: bytes.length });
  first.write(bytes.subarray(0, 1000));
  const second = PartialBlob.claim(store, { digest, size: bytes.length });
  expect(second.size).toBe(0);
  second.write(bytes);
  first.write(bytes.subarray(1000));
  expect([first.finish('a/b').size, second.finish('a/b').size]).toEqual([bytes.length, bytes.length]);
  store.blobs.verify(digest);
});

it.each([
  ['fewer', (file: string) => truncateSync(file, 70_000)],
  ['more', (file: string) => appendFileSync(file, bytes.subarray(100_000, 130_000))],
])('what is left has %s bytes than its hash knows: hashed anew, and the blob is right', async (_, change) => {
  using store = Store.open(root);
  const first = PartialBlob.claim(store, { digest, size: bytes.length });
  first.write(bytes.subarray(0, 100_000));
  first.keep();
  const left = readdirSync(store.downloadsDir).find((name) => name.endsWith('.part'));
  change(`${store.downloadsDir}/${left}`);
  const second = PartialBlob.claim(store, { digest, size: bytes.length });
  const seen: Uint8Array[] = [];
  await second.replay(async (chunk) => void seen.push(Buffer.from(chunk)));
  expect(Buffer.concat(seen).equals(bytes.subarray(0, second.size))).toBe(true);
  second.write(bytes.subarray(second.size));
  second.finish('a/b');
  store.blobs.verify(digest);
  expect(readdirSync(store.downloadsDir)).toEqual([]);
});

it('one that has no room, by what its descriptor says, is not even asked for', async () => {
  using store = Store.open(root);
  const blob = { digest, size: 2 ** 50 };
  const partial = PartialBlob.claim(store, blob);
  const nobody = {
    blob: () => {
      throw new Error('asked for');
    },
  } as unknown as Repository;
  await expect(download(nobody, partial, blob, async () => {})).rejects.toMatchObject({
    code: 'limit-exceeded',
    message: expect.stringContaining('are to come'),
  });
  partial.drop();
});
