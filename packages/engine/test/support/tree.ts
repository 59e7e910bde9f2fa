import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { xattrsOf } from '../../src/system/xattr.ts';

/** What each path of a tree is, as one comparable text. Keys are paths in latin1: one character a byte, whatever the bytes. */
export type TreeFacts = Map<string, string>;

/** Overlay's own notes on an upper; they are no part of the tree that the container saw. */
const overlayNote = /^(trusted|user)\.overlay\.(impure|origin|nlink|uuid|opaque)$/;

/**
 * Every path below `root`: type, mode, owner, times to the nanosecond, bytes, link targets, devices, extended
 * attributes, and which names are one file. Names are one file when the tree itself holds several of them: overlay
 * reports a link count of 2 also for a file whose other name was copied up and went its own way. Read with plain
 * system calls, none of the code under test but the xattr binding.
 */
export function treeFacts(root: string, options: { times?: boolean } = {}): TreeFacts {
  const facts: TreeFacts = new Map();
  const names = new Map<string, string[]>();
  const visit = (path: Buffer, shown: string) => {
    const stat = lstatSync(path, { bigint: true });
    const parts = [stat.mode.toString(8), `${stat.uid}:${stat.gid}`];
    if (options.times !== false) parts.push(stat.mtimeNs.toString());
    if (stat.isFile()) parts.push(createHash('sha256').update(readFileSync(path)).digest('hex'));
    if (stat.isSymbolicLink()) parts.push(readlinkSync(path, { encoding: 'buffer' }).toString('hex'));
    if (stat.isCharacterDevice() || stat.isBlockDevice()) parts.push(`dev ${stat.rdev}`);
    if (!stat.isDirectory() && stat.nlink > 1n) {
      const file = `${stat.dev}:${stat.ino}`;
      names.set(file, [...(names.get(file) ?? []), shown]);
    }
    const xattrs = xattrsOf(path).filter(([name]) => !overlayNote.test(name));
    for (const [name, value] of xattrs.sort(([a], [b]) => (a < b ? -1 : 1)))
      parts.push(`${name}=${value.toString('hex')}`);
    facts.set(shown, parts.join(' | '));
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
      visit(Buffer.concat([path, Buffer.from('/'), name]), `${shown}/${name.toString('latin1')}`);
  };
  visit(Buffer.from(root), '');
  for (const same of names.values())
    if (same.length > 1) for (const name of same) facts.set(name, `${facts.get(name)} | same as ${same[0]}`);
  return facts;
}

/** {@link treeFacts} as lines, in the order of the walk. */
export function treeLines(root: string, options: { times?: boolean } = {}): string[] {
  return [...treeFacts(root, options)].map(([path, fact]) => `${path} | ${fact}`);
}

/** The paths that are not the same in both, with both sides; empty when the trees are equal. */
export function differences(wanted: TreeFacts, found: TreeFacts): string[] {
  const paths = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  return paths
    .filter((path) => wanted.get(path) !== found.get(path))
    .map(
      (path) => `${path || '/'}\n  wanted ${wanted.get(path) ?? 'nothing'}\n  found  ${found.get(path) ?? 'nothing'}`,
    );
}
