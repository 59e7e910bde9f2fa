import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeBit, Core, type EntryTable, Flag, Kind } from '../../src/index.ts';

const core = new Core();

/** A layer as a test thinks of it: what it says of each path. */
type Says = { path: string; what: 'file' | 'dir' | 'opaque' | 'whiteout'; mode: number };
const paths = ['a', 'a/b', 'a/b/c', 'a-x', 'a.', 'b', 'b/c', 'z'];
const layer = fc.uniqueArray(
  fc.record({
    path: fc.constantFrom(...paths),
    what: fc.constantFrom('file', 'dir', 'opaque', 'whiteout'),
    mode: fc.nat(0o777),
  }) as fc.Arbitrary<Says>,
  { selector: (says) => says.path, maxLength: 8 },
);

/** Only layers that a file system could have held: below a path that is no directory there is nothing. */
function sane(says: Says[]): Says[] {
  const leaf = (path: string) =>
    says.some((one) => one.path === path && (one.what === 'file' || one.what === 'whiteout'));
  return says.filter(({ path }) => !path.split('/').some((_, i, parts) => i > 0 && leaf(parts.slice(0, i).join('/'))));
}

function tableOf(says: Says[]): EntryTable {
  const builder = core.tableBuilder();
  for (const { path, what, mode } of says) {
    const kind = what === 'file' ? Kind.file : what === 'whiteout' ? Kind.whiteout : Kind.dir;
    builder.add(kind, Buffer.from(path), mode, 0, 0, 0n, 0);
    if (what === 'opaque') builder.flags(Flag.opaque);
  }
  return builder.finish();
}

/** The union as image-spec tells it, one layer applied to a map after the other. */
function naive(layers: Says[][]): Map<string, string> {
  const tree = new Map<string, string>();
  layers.forEach((says, number) => {
    const drop = (path: string, self: boolean) => {
      for (const key of [...tree.keys()]) if (key.startsWith(`${path}/`) || (self && key === path)) tree.delete(key);
    };
    const ordered = [...says].sort((x, y) => (x.path < y.path ? -1 : 1));
    for (const { path, what } of ordered) if (what === 'whiteout') drop(path, true);
    for (const { path, what } of ordered) if (what === 'opaque') drop(path, false);
    for (const { path, what, mode } of ordered) {
      const parts = path.split('/');
      for (let i = 1; i < parts.length; i++) {
        const parent = parts.slice(0, i).join('/');
        if (says.some((one) => one.path === parent)) continue;
        // Also a whiteout's parents are made. An implied directory keeps what a lower directory has, and takes the place of anything else.
        if (!tree.get(parent)?.startsWith('dir')) {
          drop(parent, true);
          tree.set(parent, `dir 493 ${number}`);
        }
      }
      if (what === 'whiteout') continue;
      const dir = what !== 'file';
      if (!dir || !tree.get(path)?.startsWith('dir')) drop(path, true);
      tree.set(path, `${dir ? 'dir' : 'file'} ${mode} ${number}`);
    }
  });
  return tree;
}

const shown = (table: EntryTable) =>
  new Map(
    Array.from({ length: table.count }, (_, i) => [
      table.path(i),
      `${table.kind(i) === Kind.dir ? 'dir' : 'file'} ${table.mode(i)} ${table.layer(i)}`,
    ]),
  );

describe('union', () => {
  it('is what applying the layers one after the other gives', () => {
    fc.assert(
      fc.property(fc.array(layer.map(sane), { maxLength: 5 }), (layers) => {
        const expected = naive(layers);
        const found = shown(core.union(layers.map(tableOf)));
        expect(Object.fromEntries([...found].sort())).toEqual(Object.fromEntries([...expected].sort()));
      }),
      { numRuns: 2000 },
    );
  });

  it('of some layers first, with their marks kept, is the union of all', () => {
    fc.assert(
      fc.property(fc.array(layer.map(sane), { minLength: 3, maxLength: 3 }), ([a = [], b = [], c = []]) => {
        const strip = (table: EntryTable) =>
          [...shown(table)].map(([path, text]) => `${path} ${text.split(' ').slice(0, 2).join(' ')}`);
        const upper = core.union([tableOf(b), tableOf(c)], { keepMarks: true });
        expect(strip(core.union([tableOf(a), upper]))).toEqual(strip(core.union([a, b, c].map(tableOf))));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('diff', () => {
  it('lists every path that only one side has, or both differently, and no other', () => {
    fc.assert(
      fc.property(layer.map(sane), layer.map(sane), (a, b) => {
        const left = core.union([tableOf(a)]);
        const right = core.union([tableOf(b)]);
        const result = core.diff(left, right);
        const found = Array.from({ length: result.count }, (_, row) => {
          const bits = result.change(row);
          const path = result.left(row) < 0 ? right.path(result.right(row)) : left.path(result.left(row));
          return `${bits === ChangeBit.added ? 'A' : bits === ChangeBit.deleted ? 'D' : 'C'} ${path}`;
        });
        const [x, y] = [shown(left), shown(right)];
        const expected = [...new Set([...x.keys(), ...y.keys()])].flatMap((path) => {
          if (!x.has(path)) return [`A ${path}`];
          if (!y.has(path)) return [`D ${path}`];
          return x.get(path) === y.get(path) ? [] : [`C ${path}`];
        });
        expect(found.sort()).toEqual(expected.sort());
      }),
      { numRuns: 2000 },
    );
  });

  it('says where only bytes can tell', () => {
    const one = (size: number) => {
      const builder = core.tableBuilder();
      builder.add(Kind.file, Buffer.from('f'), 0o644, 0, 0, 0n, size);
      return builder.finish();
    };
    expect(core.diff(one(3), one(3)).change(0)).toBe(ChangeBit.content);
    expect(core.diff(one(3), one(4)).change(0)).toBe(ChangeBit.size);
    expect(core.diff(one(0), one(0)).count).toBe(0);
    expect(core.diff(one(3), one(3), { sameLayers: true }).count).toBe(0);
  });

  it('a copy outlives the next diff', () => {
    const names = (...paths: string[]) => {
      const builder = core.tableBuilder();
      for (const path of paths) builder.add(Kind.file, Buffer.from(path), 0o644, 0, 0, 0n, 1);
      return builder.finish();
    };
    const copy = core.diff(names(), names('a', 'b')).copy();
    core.diff(names('c', 'd', 'e'), names());
    expect([copy.count, copy.change(1), copy.left(1), copy.right(1)]).toEqual([2, ChangeBit.added, -1, 1]);
  });
});
