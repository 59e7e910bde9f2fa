// Tables of whatever kinds, names and attributes.

import fc from 'fast-check';
import { type Core, type EntryTable, Kind, type KindCode } from '../../src/index.ts';

export interface AnyEntry {
  path: string;
  kind: KindCode;
  size: number;
  mtimeNs: bigint;
  attribute: number | null;
}
const name = fc.stringMatching(/^[a-zé.]{1,40}$/);
const entry: fc.Arbitrary<AnyEntry> = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/')),
  kind: fc.constantFrom(Kind.file, Kind.file, Kind.file, Kind.dir, Kind.symlink, Kind.whiteout),
  size: fc.oneof(fc.nat(40), fc.nat(3000), fc.constantFrom(0, 511, 512, 513)),
  mtimeNs: fc.bigInt(-5n, 5_000_000_000n),
  attribute: fc.option(fc.nat(20_000), { freq: 8 }),
});
export const anyEntries = fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 150 });

export function tableOf(core: Core, list: readonly AnyEntry[]): EntryTable {
  const builder = core.tableBuilder();
  for (const { path, kind, size, mtimeNs, attribute } of list) {
    builder.add(kind, Buffer.from(path), 0o640, 1, 2, mtimeNs, kind === Kind.file ? size : 0);
    if (kind === Kind.symlink) builder.link(Buffer.from('to'));
    if (attribute !== null && kind !== Kind.whiteout) builder.xattrs([['user.a', Buffer.alloc(attribute, 'v')]]);
  }
  return builder.finish();
}
