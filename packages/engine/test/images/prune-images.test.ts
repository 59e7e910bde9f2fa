import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pruneImages } from '../../src/images/prune-images.ts';
import { Store } from '../../src/store/store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-prune-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('what another command adds meanwhile is not told of as less than nothing', () => {
  using store = Store.open(root);
  const collected = () => {
    store.blobs.put(Buffer.alloc(5000), 'text/plain'); // by then
    return [];
  };
  const options = { all: true, keep: () => false };
  expect(pruneImages(store, () => null, collected, options)).toEqual({ removed: [], reclaimed: 0 });
});
