import { MicaError } from '../error.ts';
import type { XattrPair } from '../system/xattr.ts';

/** What overlay's own extended attributes say of one file in an upper, and what is left for the layer. */
export interface Marks {
  readonly opaque: boolean;
  readonly whiteout: boolean;
  readonly xattrs: readonly XattrPair[];
}

// Kernel documentation, filesystems/overlayfs: an attribute of a lower layer that starts so is kept one level deeper.
// Mounted with userxattr, which Mica never does, overlay's own would be user.overlay. ; without, those are the
// container's: whoever owns a file there may set one, and must not hide what lies below by it.
const PREFIX = 'trusted.overlay.';
// Bookkeeping of the mount: true of this upper only, never part of a layer.
const noise = new Set(['impure', 'origin', 'nlink', 'upper', 'uuid', 'protattr', 'xwhiteouts']);

/** Throws `not-supported` on those that say "the data is elsewhere". */
export function readMarks(found: readonly XattrPair[], path: string): Marks {
  let opaque = false;
  let whiteout = false;
  const xattrs: XattrPair[] = [];
  for (const pair of found) {
    const [name, value] = pair;
    if (!name.startsWith(PREFIX)) {
      xattrs.push(pair);
      continue;
    }
    const mark = name.slice(PREFIX.length);
    if (mark === 'opaque') opaque ||= value.toString('latin1') === 'y';
    else if (mark === 'whiteout') whiteout = true;
    else if (mark === 'redirect' || mark === 'metacopy')
      throw new MicaError('not-supported', `${path}: its data is elsewhere (overlay ${mark})`, {
        subject: path,
        hint: 'the upper was mounted with redirect_dir=on or metacopy=on: mount it with both off and copy the file up',
      });
    else if (mark.startsWith('overlay.')) xattrs.push([PREFIX + mark.slice('overlay.'.length), value]);
    else if (!noise.has(mark)) xattrs.push(pair);
  }
  return { opaque, whiteout, xattrs };
}

/** An attribute as it must be written into an unpacked layer: overlay's own names one level deeper. */
export function escapeXattr(name: string): string {
  return name.startsWith(PREFIX) ? `${PREFIX}overlay.${name.slice(PREFIX.length)}` : name;
}
