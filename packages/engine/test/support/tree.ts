import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { xattrsOf } from '../../src/system/xattr.ts';

/**
 * A directory as comparable lines, one a path: type, mode, owner, times to the nanosecond, size and
 * bytes, link targets, devices, extended attributes, and which names are one file. Read with plain
 * system calls, none of the code under test but the xattr binding.
 */
export function treeLines(root: string, options: { times?: boolean } = {}): string[] {
  const lines: string[] = [];
  const names = new Map<string, string>();
  const visit = (path: Buffer, shown: string) => {
    const stat = lstatSync(path, { bigint: true });
    const parts = [shown, stat.mode.toString(8), `${stat.uid}:${stat.gid}`];
    if (options.times !== false) parts.push(stat.mtimeNs.toString());
    if (stat.isFile()) parts.push(createHash('sha256').update(readFileSync(path)).digest('hex'));
    if (stat.isSymbolicLink()) parts.push(readlinkSync(path, { encoding: 'buffer' }).toString('hex'));
    if (stat.isCharacterDevice() || stat.isBlockDevice()) parts.push(`dev ${stat.rdev}`);
    if (!stat.isDirectory() && stat.nlink > 1n) {
      const key = `${stat.dev}:${stat.ino}`;
      names.set(key, names.get(key) ?? shown);
      parts.push(`same as ${names.get(key)}`);
    }
    const xattrs = xattrsOf(path).filter(
      ([name]) => !/^(trusted|user)\.overlay\.(impure|origin|nlink|uuid|opaque)$/.test(name),
    );
    for (const [name, value] of xattrs.sort((a, b) => (a[0] < b[0] ? -1 : 1)))
      parts.push(`${name}=${value.toString('hex')}`);
    lines.push(parts.join(' | '));
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
      visit(Buffer.concat([path, Buffer.from('/'), name]), `${shown}/${name.toString('latin1')}`);
  };
  visit(Buffer.from(root), '');
  return lines;
}
