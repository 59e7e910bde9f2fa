import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setTimes } from '../../src/system/nodes.ts';
import { dir, file, link } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';
import { Workbench } from '../support/layers.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => {
  bench.close();
});

describe('diff (commit)', () => {
  const commit = (upper: string) => bench.commit(upper).table;
  const paths = (upper: string) => {
    const table = commit(upper);
    return [...Array(table.count).keys()].map((i) => `${table.kind(i) === 7 ? 'D ' : ''}${table.path(i)}`).slice(1);
  };

  it('nothing changed: no layer, empty_layer:true', async () => {
    const { upper } = bench.mount([bench.folder()]);
    expect(paths(upper)).toEqual([]);
    const stacks = new ImageBench();
    try {
      await stacks.importEntries([dir('./'), dir('d'), file('d/f')], 'base');
      await stacks.engine.trees.unpack('base', `${stacks.dir}/tree`);
      expect((await stacks.engine.commitFrom(`${stacks.dir}/tree`, 'base', 'same')).layer).toBeNull();
      expect(stacks.engine.images.history('same')[0]).toMatchObject({ emptyLayer: true, size: 0 });
    } finally {
      stacks.close();
    }
  });

  it('user file named .wh.*: fail loudly', () => {
    const { merged, upper } = bench.mount([bench.folder()]);
    writeFileSync(`${merged}/.wh.sbin`, '');
    expect(() => commit(upper)).toThrow(/\.wh\.sbin.*would delete sbin/);
  });

  it('new dir in merged dir, kernel ≥4.10 marks opaque: no spurious whiteout', () => {
    const lower = bench.folder();
    mkdirSync(`${lower}/d`);
    const { merged, upper } = bench.mount([lower]);
    mkdirSync(`${merged}/d/new`);
    expect(paths(upper)).toEqual(['d', 'd/new']);
  });

  it.each(['trusted.overlay.redirect', 'trusted.overlay.metacopy'])('%s upper: detect', async (name) => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const upper = bench.folder();
    mkdirSync(`${upper}/d`);
    setXattr(`${upper}/d`, name, Buffer.from('x'));
    expect(() => commit(upper)).toThrow(/its data is elsewhere/);
  });

  it("an attribute with '=' in its name, which a pax record cuts there: fail loudly", async () => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const upper = bench.folder();
    writeFileSync(`${upper}/f`, '');
    setXattr(`${upper}/f`, 'user.b=c', Buffer.from('value'));
    expect(() => commit(upper)).toThrow(/^\/f: no layer can hold the extended attribute user\.b=c/);
    const other = bench.folder();
    writeFileSync(`${other}/f`, '');
    setXattr(`${other}/f`, 'user.b\nmica: =', Buffer.from('value'));
    expect(() => commit(other)).toThrow(/^\/f: no layer can hold the extended attribute user\.b\\nmica: =$/);
  });

  it('char 0:0; overlay.whiteout xattr file; opaque=y: each translated, both namespaces', async () => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const { makeNode, S_IFCHR } = await import('../../src/system/nodes.ts');
    const upper = bench.folder();
    makeNode(`${upper}/a`, S_IFCHR, 0n);
    // Of the two that one which overlay has as it is mounted here; in the other a container may write what it likes.
    for (const namespace of ['trusted', 'user']) {
      writeFileSync(`${upper}/w-${namespace}`, '');
      setXattr(`${upper}/w-${namespace}`, `${namespace}.overlay.whiteout`, Buffer.from('y'));
      mkdirSync(`${upper}/o-${namespace}`);
      setXattr(`${upper}/o-${namespace}`, `${namespace}.overlay.opaque`, Buffer.from('y'));
    }
    const table = commit(upper);
    expect(paths(upper)).toEqual(['D a', 'o-trusted', 'o-user', 'D w-trusted', 'w-user']);
    expect([table.flags(table.find('o-trusted')), table.flags(table.find('o-user'))]).toEqual([1, 0]);
  });

  it('opaque=x, which newer kernels write of a folder that is not: what lies below it stays', async () => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const upper = bench.folder();
    mkdirSync(`${upper}/d`);
    setXattr(`${upper}/d`, 'trusted.overlay.opaque', Buffer.from('x'));
    const table = commit(upper);
    expect(table.flags(table.find('d'))).toBe(0);
    expect(table.xattrs(table.find('d'))).toEqual([]);
  });

  it('notes of the mount are left out, an attribute of a lower overlay is what it was, and what nobody knows is kept', async () => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const upper = bench.folder();
    writeFileSync(`${upper}/f`, '');
    for (const mark of [
      'origin',
      'impure',
      'nlink',
      'upper',
      'uuid',
      'protattr',
      'xwhiteouts',
      'overlay.opaque',
      'new',
    ])
      setXattr(`${upper}/f`, `trusted.overlay.${mark}`, Buffer.from('y'));
    const table = commit(upper);
    const names = table.xattrs(table.find('f')).map(([name]) => name);
    expect(names.sort()).toEqual(['trusted.overlay.new', 'trusted.overlay.opaque']);
  });

  it('rm -r tree; dir1 vs dir1-x: one whiteout; sibling untouched', async () => {
    const lower = bench.folder();
    mkdirSync(`${lower}/dir1/deep/er`, { recursive: true });
    mkdirSync(`${lower}/dir1-x`);
    const { merged, upper } = bench.mount([lower]);
    rmSync(`${merged}/dir1`, { recursive: true });
    expect(paths(upper)).toEqual(['D dir1']);
  });

  it('same size+mtime, new bytes: must emit', () => {
    const lower = bench.folder();
    writeFileSync(`${lower}/f`, 'old!');
    setTimes(`${lower}/f`, 1n, 1);
    const { merged, upper } = bench.mount([lower]);
    writeFileSync(`${merged}/f`, 'new!');
    setTimes(`${merged}/f`, 1n, 1);
    expect(paths(upper)).toEqual(['f']);
    expect(bench.commit(upper).tar.includes('new!')).toBe(true);
  });

  it('new hardlink to old file: emit both; order-independent', async () => {
    for (const name of ['a-before', 'z-after']) {
      const lower = bench.folder();
      writeFileSync(`${lower}/m`, 'bytes');
      const { merged, upper } = bench.mount([lower]);
      linkSync(`${merged}/m`, `${merged}/${name}`);
      const { dir: layer } = bench.unpack(bench.commit(upper).tar);
      const seen = bench.mount([lower, layer], { readOnly: true }).merged;
      expect(statSync(`${seen}/m`).ino).toBe(statSync(`${seen}/${name}`).ino);
      expect(readFileSync(`${seen}/${name}`, 'utf8')).toBe('bytes');
    }
  });

  it('socket: skip', async () => {
    const { createServer } = await import('node:net');
    const upper = bench.folder();
    const server = createServer().listen(`${upper}/s`);
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      expect(paths(upper)).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('dir↔file swap: modify; children implied', async () => {
    const lower = bench.folder();
    mkdirSync(`${lower}/d`);
    writeFileSync(`${lower}/d/x`, '');
    writeFileSync(`${lower}/f`, '');
    const { merged, upper } = bench.mount([lower]);
    rmSync(`${merged}/d`, { recursive: true });
    writeFileSync(`${merged}/d`, 'file');
    rmSync(`${merged}/f`);
    mkdirSync(`${merged}/f`);
    expect(paths(upper)).toEqual(['d', 'f']);
    const { dir: layer } = bench.unpack(bench.commit(upper).tar);
    const seen = bench.mount([lower, layer], { readOnly: true }).merged;
    expect([statSync(`${seen}/d`).isFile(), statSync(`${seen}/f`).isDirectory()]).toEqual([true, true]);
  });

  it('any entry: parents precede, exact modes incl. 0777, setuid', () => {
    const { merged, upper } = bench.mount([bench.folder()]);
    mkdirSync(`${merged}/z/y/x`, { recursive: true });
    for (const [name, mode] of [
      ['z/y/x/open', 0o777],
      ['z/su', 0o4755],
      ['a', 0o2000],
    ] as const) {
      writeFileSync(`${merged}/${name}`, name);
      chmodSync(`${merged}/${name}`, mode);
    }
    chmodSync(`${merged}/z/y`, 0o1777);
    const listed = execFileSync('tar', ['-tvf', '-'], { input: bench.commit(upper).tar, encoding: 'utf8' });
    const rows = listed
      .trim()
      .split('\n')
      .map((row) => [row.slice(0, 10), row.split(' ').at(-1)?.replace(/^\.\//, '')]);
    expect(rows.slice(1)).toEqual([
      ['------S---', 'a'],
      ['drwxr-xr-x', 'z/'],
      ['-rwsr-xr-x', 'z/su'],
      ['drwxrwxrwt', 'z/y/'],
      ['drwxr-xr-x', 'z/y/x/'],
      ['-rwxrwxrwx', 'z/y/x/open'],
    ]);
  });

  it('epoch set: clamp only newer; whiteout mtime 0', async () => {
    const stacks = new ImageBench();
    try {
      await stacks.importEntries([dir('./'), file('gone'), file('kept')], 'base');
      const tree = `${stacks.dir}/tree`;
      const digests = new Set<string>();
      for (const extra of [1n, 2n]) {
        await stacks.engine.trees.unpack('base', tree);
        rmSync(`${tree}/gone`);
        writeFileSync(`${tree}/older`, '');
        writeFileSync(`${tree}/newer`, '');
        setTimes(`${tree}/older`, 1_500_000_000n, 5);
        setTimes(`${tree}/newer`, 1_900_000_000n + extra, 5);
        const timestamp = 1_750_000_000;
        const { layer } = await stacks.engine.commitFrom(tree, 'base', 'dated', { timestamp });
        digests.add(layer?.diffId ?? '');
        rmSync(tree, { recursive: true });
      }
      expect(digests.size).toBe(1);
      const entries = await stacks.engine.trees.list('dated');
      expect(entries.map(({ path, mtime }) => `${path} ${mtime}`)).toEqual([
        '/kept 2023-11-14T22:13:20Z',
        '/newer 2025-06-15T15:06:40Z',
        '/older 2017-07-14T02:40:00.000000005Z',
      ]);
      const [hex = ''] = [...digests].map((diffId) => diffId.slice(7));
      const listed = execFileSync('tar', ['--utc', '--full-time', '-tvf', `${stacks.root}/blobs/sha256/${hex}`], {
        encoding: 'utf8',
      });
      expect(listed).toMatch(/1970-01-01 00:00:00 .*\.wh\.gone/);
    } finally {
      stacks.close();
    }
  });

  it('diff→apply→diff: empty', async () => {
    const stacks = new ImageBench();
    try {
      await stacks.importEntries([dir('./'), dir('d'), file('d/f'), file('gone'), link('l', 'd')], 'base');
      const tree = `${stacks.dir}/tree`;
      await stacks.engine.trees.unpack('base', tree);
      rmSync(`${tree}/gone`);
      linkSync(`${tree}/d/f`, `${tree}/twin`);
      mkdirSync(`${tree}/new/deep`, { recursive: true });
      await stacks.engine.commitFrom(tree, 'base', 'changed');
      await stacks.engine.trees.unpack('changed', `${stacks.dir}/again`);
      expect((await stacks.engine.commitFrom(`${stacks.dir}/again`, 'changed')).layer).toBeNull();
      const { merged, upper } = bench.mount([`${stacks.dir}/again`]);
      expect(readdirSync(merged).sort()).toEqual(['d', 'l', 'new', 'twin']);
      expect(paths(upper)).toEqual([]);
    } finally {
      stacks.close();
    }
  });

  it('a symlink in the upper is never followed by the scan', () => {
    const outside = bench.folder();
    writeFileSync(`${outside}/secret`, 'secret');
    const upper = bench.folder();
    symlinkSync(outside, `${upper}/l`);
    expect(paths(upper)).toEqual(['l']);
  });
});
