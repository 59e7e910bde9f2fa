import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDevice, makeNode, S_IFBLK, S_IFIFO, setTimes } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { edit, edits } from '../support/edits.ts';
import { Workbench } from '../support/layers.ts';
import { treeLines } from '../support/tree.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

/** Something of every kind. */
function populate(root: string): void {
  mkdirSync(`${root}/etc/deep/er`, { recursive: true });
  writeFileSync(`${root}/etc/passwd`, 'root:x:0:0\n');
  writeFileSync(`${root}/etc/deep/er/file`, Buffer.alloc(70_000, 'x'));
  linkSync(`${root}/etc/passwd`, `${root}/a-link`);
  symlinkSync('../etc/passwd', `${root}/etc/soft`);
  symlinkSync('x'.repeat(150), `${root}/long-target`);
  writeFileSync(`${root}/su`, '#!');
  chownSync(`${root}/su`, 1000, 2_500_000);
  chmodSync(`${root}/su`, 0o6755);
  setXattr(`${root}/su`, 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'));
  setXattr(`${root}/etc`, 'user.note', Buffer.from([0, 10, 61, 255]));
  makeNode(`${root}/null`, 0o020666, makeDevice(1, 3));
  makeNode(`${root}/disk`, S_IFBLK | 0o660, makeDevice(8, 300));
  makeNode(`${root}/pipe`, S_IFIFO | 0o640, 0n);
  mkdirSync(`${root}/sticky`);
  chmodSync(`${root}/sticky`, 0o1777);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xe9, 0x74, 0xe9])]), 'latin1 name');
  writeFileSync(`${root}/${'n'.repeat(200)}`, 'long name');
  writeFileSync(`${root}/old`, '');
  setTimes(`${root}/old`, -86_400n * 365n * 20n, 5);
  writeFileSync(`${root}/future`, '');
  setTimes(`${root}/future`, 9_000_000_000n, 999_999_999);
  lutimesSync(`${root}/long-target`, 1, 1);
}

it('a tree of everything comes back the same through a layer', () => {
  const { merged, upper } = bench.mount([bench.folder()]);
  populate(merged);
  const expected = treeLines(merged);
  const { dir } = bench.unpack(bench.commit(upper).tar);
  expect(treeLines(bench.mount([dir], { readOnly: true }).merged)).toEqual(expected);
});

it('GNU tar reads what is packed, and packs what is read', () => {
  const { upper } = bench.mount([bench.folder()]);
  populate(upper);
  const ours = bench.folder();
  writeFileSync(`${bench.dir}/layer.tar`, bench.commit(upper).tar);
  execFileSync('tar', [
    '-x',
    '-f',
    `${bench.dir}/layer.tar`,
    '-C',
    ours,
    '--xattrs',
    '--xattrs-include=*',
    '--numeric-owner',
    '-p',
  ]);
  expect(treeLines(ours)).toEqual(treeLines(upper));
  for (const format of ['pax', 'gnu']) {
    const flags = format === 'pax' ? ['--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.*'] : [];
    const tar = execFileSync('tar', ['-c', `--format=${format}`, ...flags, '-C', upper, '.'], { maxBuffer: 1 << 28 });
    const { dir } = bench.unpack(tar);
    const times = format === 'pax';
    const strip = (lines: string[]) =>
      times ? lines : lines.map((line) => line.replace(/ \| (security|user)\.[^|]*/g, ''));
    expect(treeLines(dir, { times })).toEqual(strip(treeLines(upper, { times })));
  }
});

it('the same upper gives the same bytes, whatever the order its files were made in', () => {
  const one = bench.folder();
  const two = bench.folder();
  for (const [root, names] of [
    [one, ['b', 'a', 'c']],
    [two, ['c', 'b', 'a']],
  ] as const) {
    for (const name of names) {
      writeFileSync(`${root}/${name}`, name);
      setTimes(`${root}/${name}`, 1_700_000_000n, 7);
    }
    setTimes(root, 1_700_000_000n, 0);
  }
  expect(bench.commit(one).tar.equals(bench.commit(two).tar)).toBe(true);
});

it('any edits on a real overlay: the commit, unpacked and mounted, shows the very tree', () => {
  fc.assert(
    fc.property(edits(), edits(), edits(), (...rounds) => {
      const layers = [bench.folder()];
      for (const round of rounds) {
        const { merged, upper } = bench.mount(layers);
        for (const one of round) edit(merged, one);
        const expected = treeLines(merged);
        const { tar } = bench.commit(upper);
        layers.push(bench.unpack(tar).dir);
        const seen = bench.mount(layers, { readOnly: true }).merged;
        expect(treeLines(seen)).toEqual(expected);
      }
      expect(readdirSync(layers[0] as string)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
