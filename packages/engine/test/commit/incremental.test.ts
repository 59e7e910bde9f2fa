import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EntryTable, Kind } from '@mica/core-wasm';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LayerJob, type Made, makeLayer } from '../../src/commit/make-layer.ts';
import { since } from '../../src/commit/since.ts';
import { writeStoredTable } from '../../src/layer/stored-table.ts';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, S_IFIFO, setTimes } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { edit, edits } from '../support/edits.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar } from '../support/tar.ts';
import { treeLines } from '../support/tree.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

let boxes = 0;
/** A container over a real overlay whose upper is committed again and again, each time on the last commit. */
class Committed {
  /** The last commit's that made a layer. */
  readonly layers: string[];
  #shown: readonly string[];
  readonly upper: string;
  readonly merged: string;
  layerFile = '';
  tableFile = '';
  readonly #onto: string[];
  #last: LayerJob['last'] = null;
  readonly #id = boxes++;
  #count = 0;

  constructor(base: { dir: string; table: EntryTable }) {
    this.layers = [base.dir];
    this.#shown = [base.dir];
    const { merged, upper } = bench.mount([base.dir]);
    this.merged = merged;
    this.upper = upper;
    setTimes(upper, 1_700_000_000n, 0); // as a container's upper starts: like the image's root
    this.#onto = [join(bench.dir, 'base.table')];
    writeStoredTable(this.#onto[0] as string, base.table);
  }

  async commit(): Promise<Made> {
    const n = `${this.#id}-${this.#count++}`;
    const job: LayerJob = {
      subject: 'box',
      upper: this.upper,
      file: join(bench.dir, `layer${n}`),
      tableFile: join(bench.dir, `table${n}`),
      last: this.#last,
      below: this.#onto,
      onto: this.#last && this.#onto,
      freeze: null,
      hasher: 'native',
      besideFrom: Number.POSITIVE_INFINITY,
    };
    this.layerFile = job.file;
    this.tableFile = job.tableFile;
    const made = (await makeLayer(job)).made;
    if (made.kind === 'empty') this.#shown = this.layers.slice(0, 1);
    if (made.kind === 'unchanged') this.#shown = this.layers;
    if (made.kind !== 'layer') return made;
    // A full one stands on the image again, whatever came in between.
    if (made.onto === 'image') this.layers.splice(1);
    this.layers.push(bench.unpack(readFileSync(job.file)).dir);
    this.#shown = this.layers;
    this.#last = { file: job.tableFile, young: made.young };
    return made;
  }

  /** What a container of the last commit's image would see. */
  shown(): string[] {
    return treeLines(bench.mount(this.#shown, { readOnly: true }).merged);
  }
}

const base = () =>
  makeTar([
    { name: './', type: 'directory' },
    { name: 'd/', type: 'directory' },
    { name: 'd/a', body: 'lower a' },
    { name: 'd/e/', type: 'directory' },
    { name: 'd/e/a', body: 'lower ea' },
    { name: 'b', body: 'lower b' },
    { name: 'c', type: 'link', linkname: 'b' },
    { name: 'f/', type: 'directory' },
    { name: 'f/g', body: 'lower g' },
  ]);

it('any edits, committed one on the other: the image shows the very tree, and so does a full commit', async () => {
  const lower = bench.unpack(await base());
  await fc.assert(
    fc.asyncProperty(fc.array(edits(12), { minLength: 2, maxLength: 5 }), async (rounds) => {
      const box = new Committed(lower);
      for (const round of rounds) {
        for (const one of round) edit(box.merged, one);
        const expected = treeLines(box.merged);
        await box.commit();
        expect(box.shown()).toEqual(expected);
        const full = bench.unpack(bench.commit(box.upper).tar).dir;
        expect(treeLines(bench.mount([lower.dir, full], { readOnly: true }).merged)).toEqual(expected);
      }
    }),
    { numRuns: 12 },
  );
});

it('only what changed since is in the layer', async () => {
  const box = new Committed(bench.unpack(await base()));
  mkdirSync(`${box.merged}/new`);
  for (const name of ['one', 'two']) writeFileSync(`${box.merged}/new/${name}`, name);
  linkSync(`${box.merged}/new/one`, `${box.merged}/new/same`);
  await box.commit();
  expect((await box.commit()).kind).toBe('unchanged');
  writeFileSync(`${box.merged}/new/two`, '2');
  rmSync(`${box.merged}/d/e`, { recursive: true });
  const made = await box.commit();
  expect(made).toMatchObject({ kind: 'layer', onto: 'last' });
  const listed = execFileSync('tar', ['-tf', box.layerFile], { encoding: 'utf8' }).split('\n').filter(Boolean);
  expect(listed).toEqual(['./', 'd/', 'd/.wh.e', 'new/', 'new/two']);
  // A file with two names is written under both, else the one left out would keep the old bytes.
  writeFileSync(`${box.merged}/new/same`, 'changed through the other name');
  await box.commit();
  expect(execFileSync('tar', ['-tf', box.layerFile], { encoding: 'utf8' }).split('\n').filter(Boolean)).toEqual([
    './',
    'new/',
    'new/one',
    'new/same',
  ]);
  expect(box.shown()).toEqual(treeLines(box.merged));
});

it('new bytes of the same length under the old time, of a file that was not young any more: told by its change time', async () => {
  const box = new Committed(bench.unpack(await base()));
  const file = `${box.merged}/old`;
  const write = (text: string) => {
    writeFileSync(file, text);
    utimesSync(file, 1_600_000_000, 1_600_000_000);
  };
  write('one');
  await sleep(100); // two ticks are 20 ms
  await box.commit();
  write('two');
  expect(await box.commit()).toMatchObject({ kind: 'layer', onto: 'last' });
  expect(box.shown()).toEqual(treeLines(box.merged));
});

it('a file with the inode and the change time that it had is the file it was, and with one of them only it is not', () => {
  const table = (inode: bigint, changed: bigint) => {
    const builder = bench.core.tableBuilder();
    builder.add(Kind.dir, Buffer.from(''), 0o755, 0, 0, 0n, 0);
    builder.add(Kind.file, Buffer.from('a'), 0o644, 0, 0, 0n, 5);
    builder.identity(1n, inode, changed);
    return builder.finish();
  };
  const found = (inode: bigint, changed: bigint) =>
    since(bench.core, [], table(7n, 5n), table(inode, changed), () => true).kind;
  expect(found(7n, 5n)).toBe('same');
  expect(found(8n, 5n)).toBe('changed');
  expect(found(7n, 6n)).toBe('changed');
});

it('a name that a file gets within the tick of the last commit: the file is in the layer, too', () => {
  const table = (...links: string[]) => {
    const builder = bench.core.tableBuilder();
    builder.add(Kind.dir, Buffer.from(''), 0o755, 0, 0, 0n, 0);
    builder.add(Kind.file, Buffer.from('a'), 0o644, 0, 0, 0n, 5);
    for (const name of links) {
      builder.add(Kind.hardlink, Buffer.from(name), 0o644, 0, 0, 0n, 0);
      builder.link(Buffer.from('a'));
    }
    return builder.finish();
  };
  const found = since(bench.core, [], table(), table('b'), () => true); // inode and change time say: the file it was
  const paths =
    found.kind === 'changed' ? Array.from({ length: found.table.count }, (_, i) => found.table.path(i)) : [];
  expect(paths).toEqual(['', 'a', 'b']);
});

it('what is taken away and put back, opaque directories, a directory that becomes a file and back', async () => {
  const box = new Committed(bench.unpack(await base()));
  const steps = [
    () => rmSync(`${box.merged}/d`, { recursive: true }),
    () => mkdirSync(`${box.merged}/d`),
    () => writeFileSync(`${box.merged}/d/new`, 'x'),
    () => rmSync(`${box.merged}/d`, { recursive: true }),
    () => writeFileSync(`${box.merged}/d`, 'a file now'),
    () => {
      rmSync(`${box.merged}/d`);
      mkdirSync(`${box.merged}/d/e`, { recursive: true });
    },
  ];
  for (const step of steps) {
    step();
    await box.commit();
    expect(box.shown()).toEqual(treeLines(box.merged));
  }
});

it('a change of the root directory alone is one, first or again; nothing at all is none', async () => {
  const rooted = bench.unpack(await base());
  for (const first of [false, true]) {
    const box = new Committed(rooted);
    expect((await box.commit()).kind).toBe('empty');
    if (first) {
      writeFileSync(`${box.merged}/new`, 'x');
      await box.commit();
    }
    const edits = [
      () => chmodSync(box.merged, 0o711),
      () => chownSync(box.merged, 1000, 1001),
      () => setXattr(box.merged, 'user.t', Buffer.from('root')),
      () => utimesSync(box.merged, 1_600_000_000, 1_600_000_000),
    ];
    for (const one of edits) {
      one();
      const made = await box.commit();
      expect(made).toMatchObject({ kind: 'layer', entries: 1 });
      expect(box.shown()).toEqual(treeLines(box.merged));
      expect((await box.commit()).kind).toBe('unchanged');
    }
  }
});

it('devices and pipes that were made since are those that they are: one of 0:0 would be a deletion', async () => {
  const box = new Committed(bench.unpack(await base()));
  writeFileSync(`${box.merged}/first`, 'x');
  await box.commit();
  makeNode(`${box.merged}/d/null`, S_IFCHR | 0o666, makeDevice(1, 3));
  makeNode(`${box.merged}/disk`, S_IFBLK | 0o660, makeDevice(259, 70_000));
  makeNode(`${box.merged}/pipe`, S_IFIFO | 0o600, 0n);
  expect(await box.commit()).toMatchObject({ kind: 'layer', onto: 'last' });
  expect(box.shown()).toEqual(treeLines(box.merged));
});

it('an upper changed from outside so that the image shows through again is read as a whole', async () => {
  const box = new Committed(bench.unpack(await base()));
  rmSync(`${box.merged}/b`);
  await box.commit();
  writeFileSync(`${box.merged}/other`, 'x');
  rmSync(`${box.upper}/b`); // the whiteout itself
  const made = await box.commit();
  expect(made).toMatchObject({ kind: 'layer', onto: 'image' });
  expect(box.shown().some((line) => line.startsWith('/b |'))).toBe(true);
});

it('a table that is gone or damaged costs a full commit, nothing else', async () => {
  const box = new Committed(bench.unpack(await base()));
  writeFileSync(`${box.merged}/x`, 'x');
  await box.commit();
  writeFileSync(box.tableFile, 'rubbish');
  writeFileSync(`${box.merged}/y`, 'y');
  expect(await box.commit()).toMatchObject({ kind: 'layer', onto: 'image' });
  expect(box.shown()).toEqual(treeLines(box.merged));
});
