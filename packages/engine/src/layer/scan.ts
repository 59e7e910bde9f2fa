import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { type Core, type EntryTable, Flag, Kind, type KindCode, type TableBuilder } from '@mica/core-wasm';
import { MicaError, wrapSystemError } from '../error.ts';
import { deviceMajor, deviceMinor } from '../system/nodes.ts';
import { xattrsOf } from '../system/xattr.ts';
import { readMarks } from './overlay-marks.ts';

export interface ScanOptions {
  /** The directory is an overlay's upper: its marks become whiteouts and opaque directories. */
  readonly overlay?: boolean;
  readonly signal?: AbortSignal;
}

const S_IFMT = 0o170000n;
const slash = Buffer.from('/');
const whiteoutPrefix = Buffer.from('.wh.');
const none = Buffer.alloc(0);

/**
 * A directory as a sorted table: every entry with its attributes and extended attributes, times to
 * the nanosecond, the root as the path "". Names are bytes. Sockets are left out: they mean nothing
 * without their process. A name that would read back as a whiteout is an error, never a deletion.
 */
export function scanDirectory(core: Core, dir: string, options: ScanOptions = {}): EntryTable {
  return core.scope(() => {
    const builder = core.tableBuilder();
    const links = new Map<string, Buffer>();
    const root = Buffer.from(dir);
    try {
      add(builder, root, none, lstatSync(root, { bigint: true }), options, links);
      walk(builder, root, none, options, links);
    } catch (error) {
      throw wrapSystemError(error, 'scan', dir);
    }
    return builder.finish();
  });
}

function walk(
  builder: TableBuilder,
  dir: Buffer,
  path: Buffer,
  options: ScanOptions,
  links: Map<string, Buffer>,
): void {
  options.signal?.throwIfAborted();
  const names = readdirSync(dir, { encoding: 'buffer' });
  // Sorted, so that the table is built in nearly its own order and equal trees number their entries equally.
  names.sort(Buffer.compare);
  for (const name of names) {
    const full = Buffer.concat([dir, slash, name]);
    const at = path.length === 0 ? name : Buffer.concat([path, slash, name]);
    if (name.subarray(0, 4).equals(whiteoutPrefix))
      throw new MicaError('invalid-layer', `/${at}: a file named .wh.* would delete ${name.subarray(4)} in the image`, {
        subject: `/${at}`,
        hint: 'rename or remove it, then commit again',
      });
    const stat = lstatSync(full, { bigint: true });
    if (add(builder, full, at, stat, options, links)) walk(builder, full, at, options, links);
  }
}

/** Adds one entry; true if it is a directory to go into. */
function add(
  builder: TableBuilder,
  full: Buffer,
  path: Buffer,
  stat: BigIntStats,
  options: ScanOptions,
  links: Map<string, Buffer>,
): boolean {
  const kind = kindOf(stat);
  if (kind === null) return false;
  const marks = options.overlay ? readMarks(xattrsOf(full), `/${path}`) : null;
  const hides =
    options.overlay && ((kind === Kind.char && stat.rdev === 0n) || (kind === Kind.file && marks?.whiteout));
  if (hides) {
    builder.add(Kind.whiteout, path, 0, 0, 0, 0n, 0);
    return false;
  }
  const isLink = kind !== Kind.dir && stat.nlink > 1n;
  const first = isLink ? links.get(`${stat.dev}:${stat.ino}`) : undefined;
  const size = kind === Kind.file && first === undefined ? Number(stat.size) : 0;
  builder.add(
    first ? Kind.hardlink : kind,
    path,
    Number(stat.mode) & 0o7777,
    Number(stat.uid),
    Number(stat.gid),
    stat.mtimeNs,
    size,
  );
  builder.identity(stat.dev, stat.ino, stat.ctimeNs);
  if (first) {
    builder.link(first);
    return false;
  }
  if (isLink) links.set(`${stat.dev}:${stat.ino}`, path);
  if (kind === Kind.symlink) builder.link(readlinkSync(full, { encoding: 'buffer' }));
  if (kind === Kind.char || kind === Kind.block) builder.device(deviceMajor(stat.rdev), deviceMinor(stat.rdev));
  if (marks?.opaque && kind === Kind.dir) builder.flags(Flag.opaque);
  builder.xattrs(marks ? marks.xattrs : xattrsOf(full));
  return kind === Kind.dir;
}

/** Null for a socket. inode(7). */
function kindOf(stat: BigIntStats): KindCode | null {
  switch (stat.mode & S_IFMT) {
    case 0o100000n:
      return Kind.file;
    case 0o040000n:
      return Kind.dir;
    case 0o120000n:
      return Kind.symlink;
    case 0o020000n:
      return Kind.char;
    case 0o060000n:
      return Kind.block;
    case 0o010000n:
      return Kind.fifo;
    default:
      return null;
  }
}
