import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '@mica/engine';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bin, patience, TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(async () => {
  await store.importBase();
  store.start('web', 'echo told; trap "exit 3" TERM; while :; do sleep 1; done');
  await vi.waitFor(() => expect(store.ok(['logs', 'web'])).toBe('told\n'), patience);
});
afterAll(async () => {
  await store.removeContainers();
  store.remove();
});

/** The command line where the store's disk is read-only, as one is that the kernel found damaged. */
function readOnly(args: readonly string[], root = store.root) {
  const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  const done = spawnSync('unshare', ['-m', 'sh', '-c', script, root, bin, ...args], {
    env: { ...process.env, MICA_ROOT: root },
    timeout: 60_000,
  });
  return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
}
const refused = /^mica: write \/.*\/mica\.db: read-only file system\n {2}what only reads works all the same, .*\n$/;

it.each([
  ['ps', '--format', '{{.Names}} {{.State}}'],
  ['inspect', 'web', 'base:1'],
  ['logs', 'web'],
  ['images', '-q'],
  ['history', '-q', 'base:1'],
  ['ls', 'base:1:/etc'],
  ['cat', 'base:1:/etc/passwd'],
  ['diff', 'web'],
  ['system', 'df'],
  ['system', 'check'],
])('%s: what it says where the store can be written', async (...args) => {
  const writable = await store.here(args);
  expect(writable).toMatchObject({ code: 0, err: '' });
  expect(readOnly(args)).toEqual(writable);
});

it.each([
  ['info'],
  ['top', 'web'],
  ['exec', 'web', 'true'],
  ['save', '-o', '%/saved.tar', 'base:1'],
  ['export', '-o', '%/exported.tar', 'web'],
  ['cp', 'web:/etc/passwd', '%/copied'],
])('%s works, and has not a word to say about it', (...args) => {
  expect(readOnly(args.map((arg) => arg.replace('%', store.work)))).toMatchObject({ code: 0, err: '' });
});

it.each([
  ['restart', 'web'],
  ['rm', '-f', 'web'],
  ['commit', 'web', 'new:1'],
  ['rmi', 'base:1'],
  ['import', '/dev/null'],
  ['pull', 'localhost:1/none'],
  ['network', 'create', 'front'],
  ['system', 'prune', '-f'],
])('%s: one line and a hint, and the container runs on', (...args) => {
  expect(readOnly(args)).toMatchObject({ code: 1, err: expect.stringMatching(refused) });
  expect(store.ok(['ps', '--format', '{{.Names}}'])).toBe('web\n');
});
it('run: the same, with the code that docker has for it', () => {
  expect(readOnly(['run', 'base:1', 'true'])).toMatchObject({ code: 125, err: expect.stringMatching(refused) });
});

const unrecorded = expect.stringMatching(/^mica: note: \/.* cannot be written, so this is not recorded: .*\n$/);

it('stop and kill end what runs, and the next command on a writable store knows how it ended', () => {
  expect(readOnly(['stop', 'web'])).toEqual({ code: 0, out: 'web\n', err: unrecorded });
  const exit = ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'web'];
  expect(readOnly(exit)).toMatchObject({ code: 0, out: 'exited 3\n' });
  expect(readOnly(['wait', 'web'])).toMatchObject({ code: 0, out: '3\n' });
  expect(store.ok(exit)).toBe('exited 3\n');

  store.start('other', 'while :; do sleep 1; done');
  expect(readOnly(['kill', 'other'])).toEqual({ code: 0, out: 'other\n', err: unrecorded });
  expect(readOnly(['wait', 'other'])).toMatchObject({ code: 0, out: '137\n' });
  expect(readOnly(['kill', 'other'])).toMatchObject({ code: 1, err: expect.stringContaining('is not running') });
});

it('all that was committed is read: from a log whose index is gone, and without a log', () => {
  const copy = join(store.work, 'copy');
  cpSync(store.root, copy, { recursive: true });
  const images = ['images', '-q'];
  const all = store.ok(images);
  rmSync(join(copy, 'mica.db-shm'));
  expect(readOnly(images, copy)).toMatchObject({ code: 0, out: all });
  new Engine({ root: copy }).close();
  expect(existsSync(join(copy, 'mica.db-wal'))).toBe(false);
  expect(readOnly(images, copy)).toMatchObject({ code: 0, out: all });
});
