import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseDigest } from '../../src/reference/digest.ts';
import { PartialBlob } from '../../src/registry/partial.ts';
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
