import { chmodSync, fchmodSync, fchownSync, lchownSync } from 'node:fs';
import { Kind, type RecordView } from '@mica/core-wasm';
import { setTimes, setTimesOf } from '../system/nodes.ts';
import { setXattr, setXattrOf } from '../system/xattr.ts';

/** Whose attributes are set: an open file's, or those of what a path names, links not followed but for a mode. */
export interface Settable {
  own(uid: number, gid: number): void;
  permit(mode: number): void;
  extend(name: string, value: Uint8Array): void;
  date(seconds: bigint, nanos: number): void;
}

export function ofFile(fd: number): Settable {
  return {
    own: (uid, gid) => fchownSync(fd, uid, gid),
    permit: (mode) => fchmodSync(fd, mode),
    extend: (name, value) => setXattrOf(fd, name, value),
    date: (seconds, nanos) => setTimesOf(fd, seconds, nanos),
  };
}

export function ofPath(path: Buffer): Settable {
  return {
    own: (uid, gid) => lchownSync(path, uid, gid),
    permit: (mode) => chmodSync(path, mode),
    extend: (name, value) => setXattr(path, name, value),
    date: (seconds, nanos) => setTimes(path, seconds, nanos),
  };
}

/**
 * Sets an entry's attributes: with `owner` all of them; without, what belongs to who copies has neither owner, setuid
 * bits nor attributes but user.*. Of neither a symlink nor a device the mode: the one has none, the other was made with it.
 */
export function setAttributes(what: Settable, entries: RecordView, index: number, owner: boolean): void {
  const kind = entries.kind(index);
  // First: chown clears setuid bits and capabilities.
  if (owner) what.own(entries.uid(index), entries.gid(index));
  const mode = entries.mode(index);
  if (kind === Kind.dir) what.permit(mode);
  else if (kind === Kind.file) what.permit(owner ? mode : mode & 0o1777);
  for (const [name, value] of entries.xattrs(index)) {
    if (!owner && !name.startsWith('user.')) continue;
    try {
      what.extend(name, value);
    } catch (error) {
      // A file system without them, as docker has it.
      if ((error as NodeJS.ErrnoException).code !== 'EOPNOTSUPP') throw error;
    }
  }
  what.date(entries.mtimeSec(index), entries.mtimeNsec(index));
}
