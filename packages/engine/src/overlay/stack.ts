import { closeSync, openSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { DIRECTORY, fdLink } from '../system/in-root.ts';
import { mountNew } from '../system/mount.ts';

/** The kernel's own limit (fs/overlayfs/params.c, OVL_MAX_STACK). */
const MAX_LAYERS = 500;
/**
 * Bytes from which on fsconfig(2) takes no value (fs/fsopen.c): such a folder is named by a descriptor. So is one with a
 * backslash, which in an upper or a work folder, and nowhere else, stands for an escape (ovl_unescape).
 */
const LONG = 256;

export interface Stack {
  /** Unpacked layers, the uppermost first; one may come more than once. Without an upper the kernel wants two at least. */
  readonly lowers: readonly string[];
  /** The writable layer and its work folder, on one file system; absent for a read-only view. */
  readonly upper?: { readonly dir: string; readonly work: string };
  readonly target: string;
}

/**
 * Mounts a container's rootfs. The four options are pinned against the machine's defaults: with
 * redirect_dir or metacopy the upper would hold marks that say "the data is elsewhere" and could not
 * become a layer as it stands.
 */
export function mountStack(stack: Stack): void {
  // Overlay refuses one directory twice (ELOOP), and an image may have a layer twice: two instructions that change
  // nothing give the same empty one. All that the lower of them shows or hides, the upper one does as well.
  const lowers = [...new Set(stack.lowers)];
  if (lowers.length > MAX_LAYERS)
    throw new MicaError('limit-exceeded', `${lowers.length} layers: the kernel stacks at most ${MAX_LAYERS}`, {
      hint: 'make fewer layers of it: mica export and mica import',
    });
  const options: [string, string][] = [
    ['source', 'mica'],
    ['redirect_dir', 'off'],
    ['metacopy', 'off'],
    ['index', 'off'],
    ['xino', 'off'],
  ];
  const opened: number[] = [];
  const named = (dir: string) => {
    if (Buffer.byteLength(dir) < LONG && !dir.includes('\\')) return dir;
    opened.push(openSync(dir, DIRECTORY));
    return fdLink(opened.at(-1) as number);
  };
  try {
    for (const lower of lowers) options.push(['lowerdir+', named(lower)]);
    if (stack.upper) options.push(['upperdir', named(stack.upper.dir)], ['workdir', named(stack.upper.work)]);
    mountNew('overlay', options, stack.target);
  } finally {
    opened.forEach(closeSync);
  }
}
