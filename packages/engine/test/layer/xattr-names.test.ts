import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { setXattr, xattrsOf } from '../../src/system/xattr.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar } from '../support/tar.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

const name = 'user.caf\u00e9 \u20ac';
const latin1 = (text: string) => Buffer.from(text).toString('latin1');

it("an extended attribute's name is bytes: the same in a layer as on the disk", () => {
  const dir = bench.folder();
  writeFileSync(`${dir}/f`, '');
  setXattr(`${dir}/f`, latin1(name), Buffer.from('v'));
  const { tar } = bench.commit(dir);
  expect(tar.includes(`SCHILY.xattr.${name}=v\n`)).toBe(true);
  expect(xattrsOf(`${bench.unpack(tar).dir}/f`).map(([found]) => found)).toEqual([latin1(name)]);
});

it('and on the disk as in a layer of others', async () => {
  const tar = await makeTar([{ name: 'f', pax: { [`SCHILY.xattr.${name}`]: 'v' } }]);
  expect(xattrsOf(`${bench.unpack(tar).dir}/f`)).toEqual([[latin1(name), Buffer.from('v')]]);
});
