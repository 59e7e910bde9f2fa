import { existsSync } from 'node:fs';
import { MicaError } from '../error.ts';
import type { ContainerPaths } from './paths.ts';

type Part = 'upper' | 'work' | 'rootfs' | 'init';

/** Before a container's folders are used: the kernel would speak of an option of its own. @throws MicaError store-damaged */
export function requireParts(
  paths: ContainerPaths,
  { id, name }: { readonly id: string; readonly name: string },
  parts: readonly Part[],
): void {
  const lost = parts.find((part) => !existsSync(paths.part(id, part)));
  if (lost === undefined) return;
  throw new MicaError('store-damaged', `container ${name} is damaged: its folder ${paths.part(id, lost)} is gone`, {
    subject: name,
    hint:
      lost === 'upper'
        ? `what it changed is gone with it: mica reset ${name} begins anew, mica rm ${name} takes away the rest`
        : `what it changed is still there: mica commit ${name} IMAGE keeps it; mica reset ${name} then mends the container`,
  });
}

/** Of a running one: its own folder (bundle), and what the runtime knows of it (state). @throws MicaError store-damaged */
export function requireRunFolder(
  paths: ContainerPaths,
  { id, name }: { readonly id: string; readonly name: string },
  ...parts: readonly ('bundle' | 'state')[]
): void {
  const places = { bundle: paths.bundle(id), state: `${paths.state}/${id}` };
  if (parts.every((part) => existsSync(places[part]))) return;
  throw new MicaError('store-damaged', `container ${name} runs, but its files in ${paths.run} are gone`, {
    subject: name,
    hint: `somebody emptied that folder: mica restart ${name} begins anew, mica commit ${name} keeps what it changed`,
  });
}
