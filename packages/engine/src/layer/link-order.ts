import { Kind, type RecordView } from '@mica/core-wasm';
import { latin1 } from './unpacked-folders.ts';

/**
 * The first hard link of an archive that stands before its file, told for its user; null where there is none. An
 * extraction in order finds nothing to link to there, and a table, which is sorted, would not show it: the name
 * would be missing in the container. `entries` are in the order of the archive.
 */
export function linkBeforeFile(entries: RecordView, count: number): string | null {
  const links: number[] = [];
  const lengths = new Set<number>();
  const wanted = new Set<string>();
  for (let i = 0; i < count; i++) {
    if (entries.kind(i) !== Kind.hardlink) continue;
    const target = entries.linkBytes(i);
    links.push(i);
    lengths.add(target.length);
    wanted.add(latin1(target, target.length));
  }
  if (links.length === 0) return null;
  const first = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const path = entries.pathBytes(i);
    if (!lengths.has(path.length) || !isLinkable(entries.kind(i))) continue;
    const key = latin1(path, path.length);
    if (wanted.has(key) && !first.has(key)) first.set(key, i);
  }
  const early = links.find((i) => {
    const target = entries.linkBytes(i);
    return (first.get(latin1(target, target.length)) ?? -1) > i;
  });
  if (early === undefined) return null;
  return `/${entries.path(early)} is a hard link to /${entries.link(early)}, which comes only after it`;
}

function isLinkable(kind: number): boolean {
  return kind !== Kind.dir && kind !== Kind.whiteout;
}
