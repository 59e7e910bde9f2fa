import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeBit, Core, type EntryTable, Flag, Kind, resolveLinks } from '../../src/index.ts';
import { HEADER_BYTES, LINE_BYTES, R } from '../../src/table/layout.ts';

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

/** What each record says that its path shares with the one before. */
const sharedOf = ({ bytes, count }: EntryTable) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: count }, (_, i) => view.getUint32(HEADER_BYTES + i * LINE_BYTES + R.shared, true));
};
/** And what it does share. */
const commonOf = (table: EntryTable) =>
  Array.from({ length: table.count }, (_, i) => {
    const [last, path] = [i > 0 ? table.path(i - 1) : '', table.path(i)];
    let n = 0;
    while (n < last.length && last[n] === path[n]) n++;
    return n;
  });

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

  it('names that share all but a byte anywhere are told apart, in tables that were made in any way', () => {
    // Long names that differ by a byte, short ones, and marks that leave gaps in what a union gives out.
    const name = fc
      .tuple(
        fc.constantFrom('', 'd/', 'd/e/'),
        fc.constantFrom(1, 15, 16, 17, 31, 32, 33, 70),
        fc.nat(69),
        fc.constantFrom('x', 'y'),
      )
      .map(([dir, length, at, byte]) => dir + 'n'.repeat(at % length) + byte + 'n'.repeat(length - 1 - (at % length)));
    const names = fc.uniqueArray(name, { maxLength: 30 });
    const attributes = fc.record({ mode: fc.constantFrom(0o600, 0o644), links: fc.boolean() });
    const tree = (layers: string[][], { mode, links }: { mode: number; links: boolean }) => {
      const tables = layers.map((paths, number) => {
        const builder = core.tableBuilder();
        for (const [i, path] of paths.entries()) {
          const gone = number > 0 && i % 3 === 0;
          builder.add(gone ? Kind.whiteout : Kind.file, Buffer.from(path), mode, 0, 0, 0n, 0);
          if (!gone && i % 5 === 4) builder.xattrs([['user.n', Buffer.from(path.slice(-1))]]);
        }
        if (links && number === 0 && paths[0] !== undefined) {
          builder.add(Kind.hardlink, Buffer.from('d/link'), 0, 0, 0, 0n, 0);
          builder.link(Buffer.from(paths[0]));
        }
        return builder.finish();
      });
      const whole = core.union(tables);
      const first = (tables[0] as EntryTable).find(Buffer.from(layers[0]?.[0] ?? ''));
      const tree = resolveLinks(whole, () => ({ table: tables[0] as EntryTable, index: first, layer: 0 }));
      for (const table of [...tables, whole, tree]) expect(sharedOf(table)).toEqual(commonOf(table));
      return tree;
    };
    const told = (table: EntryTable) =>
      new Map(
        Array.from({ length: table.count }, (_, i) => [
          table.path(i),
          `${table.kind(i)} ${table.mode(i)} ${table.xattrs(i).map(([, value]) => String(value))}`,
        ]),
      );
    fc.assert(
      fc.property(names, names, names, attributes, attributes, (below, over, other, a, b) => {
        const left = tree([below, over], a);
        const right = tree([below, other], b);
        const result = core.diff(left, right);
        const found = Array.from({ length: result.count }, (_, row) =>
          result.left(row) < 0 ? right.path(result.right(row)) : left.path(result.left(row)),
        );
        const [x, y] = [told(left), told(right)];
        const expected = [...new Set([...x.keys(), ...y.keys()])].filter((path) => x.get(path) !== y.get(path));
        expect(found.sort()).toEqual(expected.sort());
        // And nothing in what they share is the accident of one pair.
        expect(core.diff(left, core.union([left])).count).toBe(0);
      }),
      { numRuns: 3000 },
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
