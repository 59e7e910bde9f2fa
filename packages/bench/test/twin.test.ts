import { Core, type EntryTable, Flag, Kind, type KindCode } from '@mica/core-wasm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stack } from '../src/data/stack.ts';
import { tarOf } from '../src/data/tar.ts';
import { diff } from '../src/twin/diff.ts';
import type { Entry } from '../src/twin/entry.ts';
import { entriesOf } from '../src/twin/from-table.ts';
import { TarScan } from '../src/twin/scan.ts';
import { union } from '../src/twin/union.ts';

const core = new Core();

/** What a random layer says of a path. Names share beginnings, and some are beginnings of others. */
interface Says {
  path: string;
  kind: KindCode;
  mode: number;
  uid: number;
  mtime: number;
  size: number;
  opaque: boolean;
  xattr: string | null;
}
const names = ['a', 'ab', 'a-b', 'a.b', 'lib', 'lib64', 'z'.repeat(40), 'ü'];
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const says: fc.Arbitrary<Says> = fc.record({
  path,
  kind: fc.constantFrom<KindCode>(Kind.file, Kind.file, Kind.dir, Kind.dir, Kind.symlink, Kind.whiteout),
  mode: fc.nat(0o777),
  uid: fc.constantFrom(0, 1000, 3_000_000),
  mtime: fc.constantFrom(0, 1_700_000_000, 1_700_000_000.5),
  size: fc.constantFrom(0, 1, 700),
  opaque: fc.boolean(),
  xattr: fc.option(fc.constantFrom('one', 'two'), { freq: 5 }),
});
const layer = fc.uniqueArray(says, { selector: (one) => one.path, maxLength: 25 }).map((all) =>
  // Below a path that is no directory there is nothing.
  all.filter((one) => !all.some((other) => other.kind !== Kind.dir && one.path.startsWith(`${other.path}/`))),
);

function tableOf(all: readonly Says[]): EntryTable {
  return core.scope(() => {
    const builder = core.tableBuilder();
    for (const one of all) {
      const size = one.kind === Kind.file ? one.size : 0;
      const mark = one.kind === Kind.whiteout;
      const ns = BigInt(Math.floor(one.mtime * 10)) * 100_000_000n;
      const uid = mark ? 0 : one.uid;
      builder.add(one.kind, Buffer.from(one.path), mark ? 0 : one.mode, uid, uid, mark ? 0n : ns, size);
      if (one.kind === Kind.symlink) builder.link(Buffer.from('target/of it'));
      if (one.kind === Kind.dir && one.opaque) builder.flags(Flag.opaque);
      if (one.xattr !== null && !mark) builder.xattrs([['user.note', Buffer.from(one.xattr)]]);
    }
    return builder.finish();
  });
}

/** All but the place in the source, which a union's winner keeps and nobody compares. */
const plain = (entries: readonly Entry[]) =>
  entries.map(({ seq: _seq, xattrs, ...rest }) => ({ ...rest, xattrs: xattrs && [...xattrs] }));

describe('the plain-TypeScript twin does what the kernels do', () => {
  it('scan: the same entries out of the same tar, in any chunking', () => {
    fc.assert(
      fc.property(layer, fc.integer({ min: 1, max: 3000 }), (all, chunk) => {
        const tar = tarOf(core, tableOf(all), 700);
        const scanner = core.scanTar();
        const twin = new TarScan();
        for (let at = 0; at < tar.length; at += chunk) {
          scanner.push(tar.subarray(at, at + chunk));
          twin.push(tar.subarray(at, at + chunk));
        }
        scanner.end();
        const kernels = entriesOf(scanner.table());
        // Where a file's data starts means nothing for what has none.
        const place = (entry: Entry) => ({ ...entry, dataOffset: entry.kind === 'file' ? entry.dataOffset : 0 });
        expect(plain(twin.entries().map(place))).toEqual(plain(kernels.map(place)));
      }),
      { numRuns: 300 },
    );
  });

  it('union: the same tree of the same layers', () => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 6 }), (layers) => {
        const tables = layers.map(tableOf);
        expect(plain(union(tables.map(entriesOf)))).toEqual(plain(entriesOf(core.union(tables))));
      }),
      { numRuns: 500 },
    );
  });

  it('diff: the same rows of the same trees, with and without common layers', () => {
    fc.assert(
      fc.property(layer, layer, layer, fc.boolean(), (base, one, other, sameLayers) => {
        const a = core.union([base, one].map(tableOf));
        const b = core.union([base, other].map(tableOf));
        const rows = core.diff(a, b, { sameLayers });
        const found = Array.from({ length: rows.count }, (_, i) => ({
          bits: rows.change(i),
          left: rows.left(i),
          right: rows.right(i),
        }));
        expect(diff(entriesOf(a), entriesOf(b), sameLayers)).toEqual(found);
      }),
      { numRuns: 500 },
    );
  });

  it('and so on the measured workload itself', () => {
    const layers = stack(core, { layers: 12, entries: 500 });
    const tree = core.union(layers);
    expect(plain(union(layers.map(entriesOf)))).toEqual(plain(entriesOf(tree)));
    expect(tree.count).toBeGreaterThan(5000);
    const built = core.union(stack(core, { layers: 12, entries: 500, rebuiltFrom: 10 }));
    expect(diff(entriesOf(tree), entriesOf(built), true).length).toBe(
      core.diff(tree, built, { sameLayers: true }).count,
    );
  });
});

describe('tables that stay in linear memory', () => {
  it('are the very tables that are copied out', () => {
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), (layers) => {
        const tables = layers.map(tableOf);
        core.scope(() => {
          const held = tables.map((table) => core.load(table));
          const tree = core.linearUnion(held);
          const copied = core.union(tables);
          expect(Buffer.compare(tree.copy().bytes, copied.bytes)).toBe(0);
          for (let i = 0; i < tree.count; i++) expect(tree.path(i)).toBe(copied.path(i));
          expect(core.diff(tree, copied, { sameLayers: true }).count).toBe(0);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('are refused by another Core', () => {
    core.scope(() => {
      const tree = core.load(tableOf([]));
      expect(() => new Core().linearUnion([tree])).toThrow(/another Core/);
    });
  });
});
