import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a root file system of the machine's busybox under these names, and of these folders. */
export function makeRootfs(dir: string, folders: readonly string[], names: readonly string[]): void {
  for (const folder of ['bin', ...folders]) mkdirSync(join(dir, folder), { recursive: true });
  cpSync('/bin/busybox', join(dir, 'bin/busybox'), { dereference: true });
  for (const name of names) symlinkSync('busybox', join(dir, 'bin', name));
}

/** What is in a folder, as GNU tar packs it. */
export function tarOf(dir: string): Buffer {
  return spawnSync('tar', ['-C', dir, '-c', '.'], { maxBuffer: 1 << 26 }).stdout;
}
