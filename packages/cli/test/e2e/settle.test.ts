import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { processesWith } from '../support/processes.ts';
import { testStore } from '../support/store.ts';

const store = testStore();

/** Processes that are about this store. */
const helpers = () => processesWith((words) => words.includes('settle') && words.includes(store.root));
function pending(): number {
  const db = new DatabaseSync(join(store.root, 'mica.db'), { timeout: 60_000 });
  const count = Number(db.prepare('SELECT count(*) AS n FROM blobs WHERE pending IS NOT NULL').get()?.n);
  db.close();
  return count;
}
/** All that was written so far was so a minute ago. */
function age(): void {
  const folder = join(store.root, 'blobs/sha256');
  const then = Date.now() / 1000 - 60;
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), then, then);
}

it('what was written a while ago is settled by a process of its own, which ends', async () => {
  store.ok(['create', '--name', 'box', 'base:1', 'sh']);
  const commit = (tag: string, helper: string) => store.ok(['commit', 'box', tag], { env: { MICA_HELPER: helper } });
  commit('box:1', 'off');
  const before = pending();
  expect(before).toBeGreaterThan(0); // too fresh to be looked for on the disk
  age();
  commit('box:2', 'on');
  commit('box:2', 'on');
  expect(helpers().length).toBeLessThan(2); // it is about to begin, or has
  // Config and manifest of the newest image are left.
  await expect.poll(pending, { timeout: 60_000 }).toBeLessThan(before);
  await expect.poll(helpers, { timeout: 60_000 }).toEqual([]);
  age();
  commit('box:3', 'off'); // the command itself does it
  expect(pending()).toBeLessThan(3);
  age();
  store.ok(['settle']);
  expect(pending()).toBe(0);
  expect(store.run(['--root', join(store.work, 'gone'), 'settle'])).toEqual({ code: 0, out: '', err: '' });
  expect(readdirSync(store.work)).not.toContain('gone');
});

it('many that are too young are looked at once in a while, and settled all the same', async () => {
  const db = new DatabaseSync(join(store.root, 'mica.db'), { timeout: 60_000 });
  const add = db.prepare("INSERT INTO blobs VALUES (?, 1, 'application/octet-stream', 'this boot')");
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  for (let i = 0; i < 100; i++) {
    const hex = i.toString(16).padStart(64, '0');
    writeFileSync(join(store.root, 'blobs/sha256', hex), 'x');
    add.run(`sha256:${hex}`);
  }
  db.prepare("UPDATE blobs SET pending = ? WHERE pending = 'this boot'").run(boot);
  db.close();
  const lock = join(store.root, 'settle.lock');
  const looked = () => statSync(lock).mtimeMs;
  utimesSync(lock, 1, 1);
  const commit = () => store.ok(['commit', 'box', 'box:4'], { env: { MICA_HELPER: 'on' } });
  commit();
  expect(looked()).toBeGreaterThan(1000);
  age();
  const now = Date.now() / 1000;
  utimesSync(lock, now, now);
  const last = looked();
  commit(); // too soon after the look before
  expect(looked()).toBe(last);
  expect(pending()).toBeGreaterThan(100);
  utimesSync(lock, 1, 1);
  commit();
  await expect.poll(pending, { timeout: 60_000 }).toBeLessThan(10);
  await expect.poll(helpers, { timeout: 60_000 }).toEqual([]);
});
