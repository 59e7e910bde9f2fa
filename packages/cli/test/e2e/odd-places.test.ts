import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bin, TestStore } from '../support/store.ts';

let store: TestStore;
beforeAll(async () => {
  store = new TestStore();
  await store.importBase();
});
afterAll(() => store.remove());

/** In a mount namespace of its own, `ro` in the working folder a disk that nothing can be written to; 30 s at most. */
function beside(args: readonly string[], root = store.root) {
  const ro = join(store.work, 'ro');
  mkdirSync(ro, { recursive: true });
  const script = 'mount -t tmpfs -o ro none "$1" && shift && exec "$@"';
  const done = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ro, bin, ...args], {
    env: { ...process.env, MICA_ROOT: root },
    timeout: 30_000,
  });
  return { code: done.status, err: done.stderr.toString() };
}

it('folders that cannot be made, below /proc or on a disk that is read-only: which, and why, and no command waits for ever', () => {
  const ro = join(store.work, 'ro/some/folder');
  const run = (source: string) => beside(['run', '--rm', '--network', 'none', '-v', `${source}:/x`, 'base:1', 'true']);
  const readOnly = expect.stringContaining(`${ro}: read-only file system\n`);
  expect(run(ro)).toEqual({ code: 125, err: readOnly });
  expect(run('/proc/some/folder')).toEqual({
    code: 125,
    err: expect.stringContaining('/proc/some/folder: no such file or directory\n'),
  });
  const copy = (target: string) => beside(['copy', 'store:base:1', `oci:${target}`]);
  expect(copy(ro)).toEqual({ code: 1, err: expect.stringContaining('read-only file system\n') });
  expect(copy('/proc/some/folder').code).toBe(1);
  expect(beside(['images'], ro)).toEqual({ code: 1, err: readOnly });
  expect(beside(['images'], '/proc/some/folder')).toEqual({
    code: 1,
    err: expect.stringContaining('open the store /proc/some/folder: no such file or directory\n'),
  });
});
