import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isFirstRoot } from '../../src/layer/root-entry.ts';
import { scanDirectory } from '../../src/layer/scan.ts';
import { writeStoredTable } from '../../src/layer/stored-table.ts';
import { setTimes } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';

// Whether a container changed its root: taken for what it was, the commit would lose the change without a word.

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'mica-root-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** A folder as an upper starts over an image without a root entry; then over one whose root is of these. */
function folder(name: string, attributes: (dir: string) => void = () => {}): string {
  const dir = join(work, name);
  mkdirSync(dir);
  chmodSync(dir, 0o755);
  setTimes(dir, 0n, 0);
  attributes(dir);
  return dir;
}
const scan = (dir: string) => scanDirectory(new Core(), dir, { overlay: true });

const own = (dir: string) => {
  chmodSync(dir, 0o2711);
  chownSync(dir, 1000, 1001);
  setXattr(dir, 'user.t', Buffer.from('own'));
  setTimes(dir, 1_600_000_000n, 5);
};
/** chown(2): that one as it is. */
const keep = 0xffffffff;
const edits: Record<string, (dir: string) => void> = {
  mode: (dir) => chmodSync(dir, 0o700),
  user: (dir) => chownSync(dir, 7, keep),
  group: (dir) => chownSync(dir, keep, 7),
  seconds: (dir) => setTimes(dir, 1n, Number(statSync(dir, { bigint: true }).mtimeNs % 1_000_000_000n)),
  nanoseconds: (dir) => setTimes(dir, statSync(dir, { bigint: true }).mtimeNs / 1_000_000_000n, 6),
  'attribute of that name': (dir) => setXattr(dir, 'user.t', Buffer.from('new')),
  'other attribute': (dir) => setXattr(dir, 'user.u', Buffer.from('own')),
};

it.each(Object.entries(edits))('a root of which the %s is another is a change', (what, edit) => {
  const file = join(work, 'table');
  const plain = scan(folder('plain'));
  expect(isFirstRoot(plain, [file])).toBe(true);
  expect(isFirstRoot(scan(folder('changed', edit)), [file])).toBe(false);

  writeStoredTable(file, scan(folder('own', own)));
  expect(isFirstRoot(plain, [file])).toBe(false);
  expect(isFirstRoot(scan(folder('same', own)), [file])).toBe(true);
  const changed = scan(
    folder(what, (dir) => {
      own(dir);
      edit(dir);
    }),
  );
  expect(isFirstRoot(changed, [file])).toBe(false);
});

it('where a damaged table may have told of the root, it is a change', () => {
  const file = join(work, 'table');
  writeFileSync(file, 'damaged');
  expect(isFirstRoot(scan(folder('plain')), [file])).toBe(false);
});
