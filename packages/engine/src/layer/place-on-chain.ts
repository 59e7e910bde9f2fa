import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { type EntryTable, Flag, Kind } from '@mica/core-wasm';
import { makeNode, S_IFCHR, setTimes } from '../system/nodes.ts';
import { setXattr, xattrsOf } from '../system/xattr.ts';
import { isDangling, type OnChain } from './on-chain.ts';
import { escapeXattr } from './overlay-marks.ts';

const SLASH = 0x2f;
const slash = Buffer.from('/');

/**
 * Writes a layer into `dir` as it reads on a certain stack. Files are copies of those in `own`, the
 * layer unpacked by itself (further names of them would show in the container as links); a lower file that the layer links to is copied up, as
 * overlay does when a link to it is made. `lowerFile` finds it in the stack's directories.
 */
export function placeOnChain(
  dir: string,
  own: string,
  layer: EntryTable,
  { table, origin }: OnChain,
  below: EntryTable,
  lowerFile: (index: number) => Buffer,
): void {
  const full = (path: Uint8Array) => (path.length === 0 ? Buffer.from(dir) : join(dir, path));
  const parents: number[] = [];
  const shown = new Map<number, Buffer>(); // by the lower file that no longer has its own name: the first new one
  const put = (i: number): void => {
    const path = full(table.pathBytes(i));
    const kind = table.kind(i);
    if (kind === Kind.whiteout) makeNode(path, S_IFCHR, 0n);
    else if (kind !== Kind.hardlink) copy(join(own, layer.pathBytes(origin(i))), path);
    else if (!isDangling(table, i)) linkSync(full(table.linkBytes(i)), path);
    else putLowerLink(i, path);
  };
  const putLowerLink = (i: number, path: Buffer): void => {
    const target = table.linkBytes(i);
    const at = below.find(target);
    if (hides(table, target)) {
      const first = shown.get(at);
      if (first) linkSync(first, path);
      else copy(lowerFile(at), path);
      shown.set(at, first ?? path);
      return;
    }
    const raised = full(target);
    if (lstatSync(raised, { throwIfNoEntry: false }) === undefined) {
      raiseParents(dir, target, below, parents);
      copy(lowerFile(at), raised);
    }
    linkSync(raised, path);
  };
  // All of its directories first: a lower file is raised into one that the table has only further on.
  for (let i = 0; i < table.count; i++)
    if (table.kind(i) === Kind.dir && table.pathBytes(i).length > 0) mkdirSync(full(table.pathBytes(i)), 0o700);
  const placed = new Set<number>();
  for (let i = 0; i < table.count; i++)
    if (table.kind(i) !== Kind.dir) for (const at of linked(table, i, placed)) put(at);
  for (const parent of parents.toReversed()) settle(below, parent, full(below.pathBytes(parent)), false);
  for (let i = table.count - 1; i >= 0; i--)
    if (table.kind(i) === Kind.dir) settle(table, i, full(table.pathBytes(i)), (table.flags(i) & Flag.opaque) !== 0);
}

/** The entry, after those that it is a link to, of what is not `placed` yet: a link to a lower file may have one before it in order. */
function linked(table: EntryTable, index: number, placed: Set<number>): number[] {
  const chain: number[] = [];
  for (let at = index; at >= 0 && !placed.has(at); ) {
    placed.add(at);
    chain.push(at);
    at = table.kind(at) === Kind.hardlink && !isDangling(table, at) ? table.find(table.linkBytes(at)) : -1;
  }
  return chain.reverse();
}

/**
 * Whether the layer takes a lower name away: by an entry of its own there, or above it by anything but a directory that
 * lets lower ones through. The way to such a name leads elsewhere, through a symlink out of `dir` even.
 */
function hides(table: EntryTable, path: Uint8Array): boolean {
  if (table.find(path) >= 0) return true;
  for (let end = path.lastIndexOf(SLASH); end > 0; end = path.lastIndexOf(SLASH, end - 1)) {
    const above = table.find(path.subarray(0, end));
    if (above >= 0 && (table.kind(above) !== Kind.dir || table.flags(above) & Flag.opaque)) return true;
  }
  const root = table.find('');
  return root >= 0 && (table.flags(root) & Flag.opaque) !== 0;
}

/** Directories above a copied-up file that the layer does not have: the lower ones again, outer ones first. */
function raiseParents(dir: string, path: Uint8Array, below: EntryTable, made: number[]): void {
  const bytes = Buffer.from(path);
  const end = bytes.lastIndexOf(SLASH);
  if (end < 0) return;
  const parent = bytes.subarray(0, end);
  const at = join(dir, parent);
  if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) return;
  raiseParents(dir, parent, below, made);
  mkdirSync(at, 0o700);
  const known = below.find(parent);
  if (known >= 0) made.push(known);
}

function copy(from: Buffer, to: Buffer): void {
  const stat = lstatSync(from, { bigint: true });
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to);
  else if (stat.isFile()) copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else makeNode(to, Number(stat.mode), stat.rdev);
  lchownSync(to, Number(stat.uid), Number(stat.gid));
  if (!stat.isSymbolicLink()) chmodSync(to, Number(stat.mode) & 0o7777);
  for (const [name, value] of xattrsOf(from)) setXattr(to, name, value);
  setTimes(to, stat.mtimeNs / 1_000_000_000n, Number(stat.mtimeNs % 1_000_000_000n));
}

function settle(table: EntryTable, index: number, path: Buffer, opaque: boolean): void {
  lchownSync(path, table.uid(index), table.gid(index));
  chmodSync(path, table.mode(index));
  for (const [name, value] of table.xattrs(index)) setXattr(path, escapeXattr(name), value);
  if (opaque) setXattr(path, 'trusted.overlay.opaque', Buffer.from('y'));
  setTimes(path, table.mtimeSec(index), table.mtimeNsec(index));
}

function join(dir: string, path: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(dir), slash, path]);
}
