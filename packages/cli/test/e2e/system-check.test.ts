import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';

let bench: CommitBench;
beforeAll(() => {
  bench = new CommitBench();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

it('system check finds a flipped bit and a missing blob; system prune leaves nothing that nothing refers to', async () => {
  const config = bench.configOf(
    bench.ok('commit', await bench.made('box', { big: Buffer.alloc(100_000, 7) }), 'box:1'),
  );
  expect(bench.ok('system', 'check')).toMatch(/^\d+ blobs \(.*\), \d+ layers, \d+ images: all whole$/);
  const top = config.rootfs.diff_ids.at(-1).slice(7);
  const blob = join(bench.root, 'blobs/sha256', top);
  const bytes = readFileSync(blob);
  bytes[70_000] = 8;
  writeFileSync(blob, bytes);
  expect(bench.mica('system', 'check')).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      new RegExp(`damaged: blob ${top.slice(0, 12)}: .* does not match its digest[\\s\\S]*1 damaged`),
    ),
  });
  writeFileSync(join(bench.root, 'blobs/sha256', 'f'.repeat(64)), 'left by a crash');
  bench.engine.images.remove('box:1', true);
  expect(bench.ok('system', 'prune', '-f')).toMatch(
    /^Deleted Containers:\n[0-9a-f]{64}\n\n[\s\S]*Total reclaimed space: \d/,
  );
  expect(readdirSync(join(bench.root, 'blobs/sha256')).length).toBe(3);
  expect(bench.mica('system', 'prune').out).toMatch(/WARNING! This will remove:\n {2}- all stopped containers\n/);
});
