import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { setXattr } from '../../src/system/xattr.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar } from '../support/tar.ts';
import { treeLines } from '../support/tree.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

it("what a container says by overlay's names of the other namespace is its own, and hides nothing", async () => {
  const base = bench.unpack(
    await makeTar([
      { name: 'etc/', type: 'directory' },
      { name: 'etc/low', body: 'low' },
    ]),
  );
  const { merged, upper } = bench.mount([base.dir]);
  mkdirSync(join(merged, 'new'));
  writeFileSync(join(merged, 'file'), 'data');
  const marks = [
    ['etc', 'opaque', 'y'],
    ['file', 'whiteout', 'y'],
    ['file', 'redirect', '/x'],
    ['file', 'metacopy', ''],
    ['new', 'origin', 'z'],
    ['new', 'overlay.deeper', 'd'],
  ] as const;
  for (const [path, mark, value] of marks) setXattr(join(merged, path), `user.overlay.${mark}`, Buffer.from(value));
  const before = treeLines(merged);
  expect(before.join('\n')).toContain('user.overlay.whiteout');
  const layer = bench.unpack(bench.commit(upper).tar);
  const again = bench.mount([base.dir, layer.dir], { readOnly: true }).merged;
  expect(existsSync(join(again, 'etc/low'))).toBe(true);
  expect(treeLines(again)).toEqual(before);
});
