import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Digest } from '../../src/reference/digest.ts';
import { Store } from '../../src/store/store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-commits-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

const digest = (n: number): Digest => `sha256:${createHash('sha256').update(`${n}`).digest('hex')}`;

it('of commits whose images are gone the latest thousand are known, however many there were, and all whose are there', () => {
  using store = Store.open(root);
  const known = (container: string) =>
    Number(store.db.get('SELECT count(*) AS n FROM own_commits WHERE container = ?', container)?.n);
  const stay = [0, 17, 1234];
  for (const n of stay)
    store.db.run('INSERT INTO images VALUES (?, ?, ?, 0, NULL, ?)', digest(n), digest(n), '2026-01-01T00:00:00Z', '{}');
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  store.transaction(() => {
    for (let n = 0; n < 6000; n++) {
      vi.advanceTimersByTime(1);
      store.commits.own('busy', digest(n));
      store.commits.own('busy', digest(n));
      if (n < 900) store.commits.own('other', digest(n));
    }
  });
  expect(known('other')).toBe(900);
  expect(known('busy')).toBeGreaterThanOrEqual(1000 + stay.length);
  expect(known('busy')).toBeLessThan(1000 + stay.length + 2000); // since the last that was one in 256
  for (const n of [...stay, 5000, 5999]) expect(store.commits.isOwn('busy', digest(n))).toBe(true);
  for (const n of [1, 2000]) expect(store.commits.isOwn('busy', digest(n))).toBe(false);
});
