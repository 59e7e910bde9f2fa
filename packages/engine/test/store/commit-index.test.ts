import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Digest } from '../../src/reference/digest.ts';
import { Store } from '../../src/store/store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-commits-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const digest = (n: number): Digest => `sha256:${createHash('sha256').update(`${n}`).digest('hex')}`;

/** Notes a commit of each number, with the event that each makes. */
function note(store: Store, container: string, from: number, end: number): void {
  store.transaction(() => {
    for (let n = from; n < end; n++) {
      store.commits.own(container, digest(n));
      store.commits.own(container, digest(n));
      store.events.tell('container', 'commit', container, {});
    }
  });
}
function addImages(store: Store, from: number, end: number): void {
  const add = 'INSERT INTO images VALUES (?, ?, ?, 0, NULL, ?)';
  store.transaction(() => {
    for (let n = from; n < end; n++) store.db.run(add, digest(n), digest(n), '2026-01-01T00:00:00Z', '{}');
  });
}
const known = (store: Store, container: string, from: number, end: number) =>
  Array.from({ length: end - from }, (_, n) => store.commits.isOwn(container, digest(from + n))).filter(Boolean).length;

it('of commits whose images are gone the latest thousand are known, however many there were', () => {
  using store = Store.open(root);
  note(store, 'other', 0, 900);
  note(store, 'busy', 0, 6000);
  expect(known(store, 'other', 0, 900)).toBe(900);
  expect(known(store, 'busy', 5000, 6000)).toBe(1000);
  expect(known(store, 'busy', 0, 6000)).toBeLessThan(1000 + 2000); // since the last that was one in 256
  expect(known(store, 'busy', 0, 3000)).toBe(0);
});

it('those whose images are there are known, and do not count', () => {
  using store = Store.open(root);
  note(store, 'keeper', 0, 700);
  addImages(store, 700, 4000);
  note(store, 'keeper', 700, 4000);
  expect(known(store, 'keeper', 0, 4000)).toBe(4000);
});
