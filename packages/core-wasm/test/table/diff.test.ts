import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeBit, Core, Kind, type KindCode } from '../../src/index.ts';

const core = new Core();

/** What a table says of one path. */
interface Says {
  kind: KindCode;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  size: number;
  link: string;
  xattr: string;
  major: number;
  minor: number;
  dataAt: number;
}
const plain: Says = {
  kind: Kind.file,
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  mtimeNs: 1_700_000_000_123_456_789n,
  size: 70_000,
  link: '',
  xattr: '',
  major: 0,
  minor: 0,
  dataAt: 512,
};
const kinds = [Kind.file, Kind.dir, Kind.symlink, Kind.hardlink, Kind.char, Kind.block, Kind.fifo] as const;

/** Numbers that differ from the plain one's in one bit, so that each of its bytes has to be looked at. */
const flipped = (value: number, bits: number) =>
  fc.nat(bits - 1).map((bit) => Number(BigInt(value) ^ (1n << BigInt(bit))));
const seconds = plain.mtimeNs / 1_000_000_000n;
const mtime = fc.oneof(
  fc.nat(28).map((bit) => seconds * 1_000_000_000n + ((plain.mtimeNs % 1_000_000_000n) ^ (1n << BigInt(bit)))),
  fc.nat(32).map((bit) => (seconds ^ (1n << BigInt(bit))) * 1_000_000_000n + (plain.mtimeNs % 1_000_000_000n)),
);
const altered: fc.Arbitrary<Partial<Says>> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  fc.record({ kind: fc.constantFrom<KindCode>(...kinds) }),
  fc.record({ mode: flipped(plain.mode, 12) }),
  fc.record({ uid: flipped(plain.uid, 32) }),
  fc.record({ gid: flipped(plain.gid, 32) }),
  fc.record({ mtimeNs: mtime }),
  fc.record({ size: fc.oneof(flipped(plain.size, 52), fc.constant(0)) }),
  fc.record({ link: fc.constantFrom('to', 'tp') }),
  fc.record({ xattr: fc.constantFrom('v', 'w') }),
  fc.record({ major: flipped(0, 12) }),
  fc.record({ minor: flipped(0, 20) }),
  fc.record({ dataAt: flipped(512, 40) }),
);
const both = fc.tuple(fc.constantFrom<KindCode>(...kinds), altered, altered).map(
  ([kind, a, b]) =>
    [
      { ...plain, kind, ...a },
      { ...plain, kind, ...b },
    ] as const,
);

function treeOf(all: readonly Says[]) {
  const builder = core.tableBuilder();
  for (const [i, says] of all.entries()) {
    const size = says.kind === Kind.file ? says.size : 0;
    builder.add(says.kind, Buffer.from(`dir/${i}`), says.mode, says.uid, says.gid, says.mtimeNs, size);
    builder.dataAt(says.dataAt);
    builder.device(says.major, says.minor);
    if (linkOf(says) !== '') builder.link(Buffer.from(linkOf(says)));
    if (says.xattr !== '') builder.xattrs([['user.x', Buffer.from(says.xattr)]]);
  }
  return core.union([builder.finish()]);
}

function linkOf({ kind, link }: Says): string {
  return kind === Kind.symlink || kind === Kind.hardlink ? `${link}/end` : '';
}

/** What is said of a path by two trees, read as DiffResult describes it. */
function bitsOf(a: Says, b: Says, sameLayers: boolean): number {
  if (a.kind !== b.kind) return ChangeBit.kind;
  let bits = 0;
  if (a.mode !== b.mode) bits |= ChangeBit.mode;
  if (a.uid !== b.uid || a.gid !== b.gid) bits |= ChangeBit.owner;
  if (a.mtimeNs !== b.mtimeNs) bits |= ChangeBit.mtime;
  if (linkOf(a) !== linkOf(b)) bits |= ChangeBit.link;
  if (a.xattr !== b.xattr) bits |= ChangeBit.xattr;
  const device = a.kind === Kind.char || a.kind === Kind.block;
  if (device && (a.major !== b.major || a.minor !== b.minor)) bits |= ChangeBit.device;
  if (a.kind !== Kind.file) return bits;
  if (a.size !== b.size) return bits | ChangeBit.size;
  const same = a.size === 0 || (sameLayers && a.dataAt === b.dataAt);
  return same ? bits : bits | ChangeBit.content;
}

describe('diff', () => {
  it.each([false, true])('looks at every bit of what a path has (trees of the same layers: %s)', (sameLayers) => {
    fc.assert(
      fc.property(fc.array(both, { minLength: 1, maxLength: 10 }), (pairs) => {
        const [left, right] = [treeOf(pairs.map(([a]) => a)), treeOf(pairs.map(([, b]) => b))];
        const result = core.diff(left, right, { sameLayers });
        const found = Array.from({ length: result.count }, (_, row) => {
          expect(left.path(result.left(row))).toBe(right.path(result.right(row)));
          return `${left.path(result.left(row))} ${result.change(row)}`;
        });
        const expected = pairs.flatMap(([a, b], i) => {
          const bits = bitsOf(a, b, sameLayers);
          return bits === 0 ? [] : [`dir/${i} ${bits}`];
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('finds the byte in which two names differ, wherever it is, with and without one before it', () => {
    const tree = (...names: string[]) => {
      const builder = core.tableBuilder();
      for (const name of names) builder.add(Kind.file, Buffer.from(name), 0o644, 0, 0, 0n, 0);
      return builder.finish();
    };
    for (let length = 1; length <= 70; length++) {
      const name = 'n'.repeat(length);
      expect(core.diff(tree('a', name), tree('a', name)).count).toBe(0);
      for (let at = 0; at < length; at++) {
        const other = `${name.slice(0, at)}o${name.slice(at + 1)}`;
        expect(core.diff(tree(name), tree(other)).count).toBe(2);
        expect(core.diff(tree('n!', name, 'p'), tree('n!', other, 'p')).count).toBe(2);
      }
    }
  });

  it('of trees of different layers nothing is taken for the same bytes, wherever they lie', () => {
    const file = treeOf([plain]);
    const other = core.tableBuilder();
    other.add(Kind.file, Buffer.from('other'), 0o644, 0, 0, 0n, 1);
    const second = core.union([other.finish(), file]);
    const row = core.diff(file, second, { sameLayers: true });
    const found = Array.from({ length: row.count }, (_, i) => row.change(i));
    expect(found).toEqual([ChangeBit.content, ChangeBit.added]);
  });
});
