import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makerIn } from '../../src/layer/maker.ts';
import { LayerUnpacker } from '../../src/layer/unpack.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar } from '../support/tar.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

/** A default ACL that takes the group's and everybody's rights (linux/posix_acl_xattr.h: version 2, then tag, permissions, ID). */
function keepOthersOut(dir: string): void {
  const acl = Buffer.alloc(4 + 3 * 8);
  acl.writeUInt32LE(2);
  for (const [i, [tag, permissions]] of [
    [0x01, 7],
    [0x04, 0],
    [0x20, 0],
  ].entries()) {
    acl.writeUInt16LE(tag as number, 4 + i * 8);
    acl.writeUInt16LE(permissions as number, 6 + i * 8);
    acl.writeUInt32LE(0xffffffff, 8 + i * 8);
  }
  setXattr(dir, 'system.posix_acl_default', acl);
}

it.each([
  ['an ordinary folder', () => {}],
  [
    'a setgid folder of another group',
    (dir: string) => {
      chownSync(dir, 0, 12_345);
      chmodSync(dir, 0o2755);
    },
  ],
  ['a folder with a default ACL', keepOthersOut],
])('in %s every file has the owner and mode of its entry', async (_what, prepare) => {
  const parent = bench.folder();
  prepare(parent);
  const dir = join(parent, 'layer');
  const side = join(parent, 'side');
  for (const made of [dir, side]) mkdirSync(made);
  const modes = [0o644, 0o755, 0o666, 0o777, 0o600, 0o4755, 0o2755, 0o1777, 0o4];
  const owners = [
    [0, 0],
    [0, 7],
    [1000, 1000],
  ] as const;
  const files = modes.flatMap((mode) =>
    owners.map(([uid, gid]) => ({ name: `d/${mode}-${uid}-${gid}`, mode, uid, gid })),
  );
  const unpacker = new LayerUnpacker(new Core(), dir, side);
  unpacker.push(await makeTar(files.map((file) => ({ ...file, body: 'x' }))));
  unpacker.finish();
  for (const { name, mode, uid, gid } of files) {
    const found = statSync(join(dir, name));
    expect([found.mode & 0o7777, found.uid, found.gid], name).toEqual([mode, uid, gid]);
  }
});

it('nothing is taken for granted below a setgid folder', () => {
  const dir = bench.folder();
  expect(makerIn(dir).gives(0, 0, 0o600)).toBe(true);
  expect(makerIn(dir).gives(0, 0, 0o4600)).toBe(false);
  expect(makerIn(dir).owns(1, 0)).toBe(false);
  chmodSync(dir, 0o2755);
  expect(makerIn(dir).owns(0, 0)).toBe(false);
});
