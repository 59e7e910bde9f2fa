import { MicaError } from '../error.ts';
import { mountNew } from '../system/mount.ts';

/** The kernel's own limit (fs/overlayfs/params.c, OVL_MAX_STACK). */
const MAX_LAYERS = 500;

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
  for (const lower of lowers) options.push(['lowerdir+', lower]);
  if (stack.upper) options.push(['upperdir', stack.upper.dir], ['workdir', stack.upper.work]);
  mountNew('overlay', options, stack.target);
}
