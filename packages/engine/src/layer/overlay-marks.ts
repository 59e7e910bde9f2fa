import { MicaError } from '../error.ts';
import type { XattrPair } from '../system/xattr.ts';

/** What overlay's own extended attributes say of one file in an upper, and what is left for the layer. */
export interface Marks {
  readonly opaque: boolean;
  readonly whiteout: boolean;
  readonly xattrs: readonly XattrPair[];
}

// Kernel documentation, filesystems/overlayfs: the namespace is trusted.overlay. or, mounted with
// userxattr, user.overlay. ; an attribute of a lower layer that starts so is kept one level deeper.
const prefixes = ['trusted.overlay.', 'user.overlay.'];
// Bookkeeping of the mount: true of this upper only, never part of a layer.
const noise = new Set(['impure', 'origin', 'nlink', 'upper', 'uuid', 'protattr', 'xwhiteouts']);

/** Reads marks in both namespaces. Throws `not-supported` on those that say "the data is elsewhere". */
export function readMarks(found: readonly XattrPair[], path: string): Marks {
  let opaque = false;
  let whiteout = false;
  const xattrs: XattrPair[] = [];
  for (const pair of found) {
    const [name, value] = pair;
    const prefix = prefixes.find((candidate) => name.startsWith(candidate));
    if (prefix === undefined) {
      xattrs.push(pair);
      continue;
    }
    const mark = name.slice(prefix.length);
    if (mark === 'opaque') opaque ||= value.toString('latin1') === 'y';
    else if (mark === 'whiteout') whiteout = true;
    else if (mark === 'redirect' || mark === 'metacopy')
      throw new MicaError('not-supported', `${path}: its data is elsewhere (overlay ${mark})`, {
        subject: path,
        hint: 'the upper was mounted with redirect_dir=on or metacopy=on: mount it with both off and copy the file up',
      });
    else if (mark.startsWith('overlay.')) xattrs.push([prefix + mark.slice('overlay.'.length), value]);
    else if (!noise.has(mark)) xattrs.push(pair);
  }
  return { opaque, whiteout, xattrs };
}

/** An attribute as it must be written into an unpacked layer: overlay's own names one level deeper. */
export function escapeXattr(name: string): string {
  const prefix = prefixes.find((candidate) => name.startsWith(candidate));
  return prefix === undefined ? name : `${prefix}overlay.${name.slice(prefix.length)}`;
}
