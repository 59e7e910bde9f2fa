import { execFileSync } from 'node:child_process';
import { close, mkdirSync, mkdtempSync, open, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadImages } from '../../src/archive/load.ts';
import { Store } from '../../src/store/store.ts';

let work: string;
let store: Store;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'mica-load-directory-'));
  store = Store.open(join(work, 'store'));
});
afterEach(() => {
  store.close();
  rmSync(work, { recursive: true, force: true });
});

/** libuv's threads wait for a writer until the returned function is called: what they are asked meanwhile waits too. */
function holdThreads(): () => Promise<void> {
  const pipe = join(work, 'pipe');
  execFileSync('sh', ['-c', 'mkfifo "$0"', pipe]);
  const held = Array.from({ length: 4 }, () => new Promise<number>((resolve) => open(pipe, (_, fd) => resolve(fd))));
  return async () => {
    const writer = openSync(pipe, 'w');
    for (const fd of [...(await Promise.all(held)), writer]) await new Promise<void>((done) => close(fd, () => done()));
  };
}

it('a directory that goes as soon as the load has ended: no error comes after it from a file that was not read', async () => {
  const dir = join(work, 'layout');
  mkdirSync(dir);
  for (let i = 0; i < 5; i++) writeFileSync(join(dir, `notes${i}`), 'of no image');
  const heard: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => heard.push(error));
  try {
    const release = holdThreads();
    await expect(loadImages(store, dir, {})).rejects.toMatchObject({ code: 'invalid-archive' });
    rmSync(dir, { recursive: true });
    await release();
    for (let i = 0; i < 10; i++) await turn();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  expect(heard).toEqual([]);
});
