import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Applies layers to a directory with GNU tar and image-spec's layer.md read literally: whiteouts first, then the
 * rest extracted over what is there. Slow and simple: an oracle.
 */
export function applyWithGnuTar(layers: readonly string[], target: string): void {
  for (const layer of layers) {
    const names = execFileSync('tar', ['--quoting-style=literal', '-tf', layer], {
      maxBuffer: 1 << 28,
      encoding: 'latin1',
    })
      .split('\n')
      .filter(Boolean);
    for (const name of names) {
      const bare = name.replace(/^\.?\//, '').replace(/\/$/, '');
      const base = bare.slice(bare.lastIndexOf('/') + 1);
      const at = (path: string) => Buffer.from(join(target, path), 'latin1');
      const within = dirname(bare);
      if (base === '.wh..wh..opq') clear(at(within));
      else if (base.startsWith('.wh.')) rmSync(at(join(within, base.slice(4))), { recursive: true, force: true });
      else if (bare !== '' && !name.endsWith('/') && isDirectory(at(bare)) === true)
        rmSync(at(bare), { recursive: true });
      else if (bare !== '' && name.endsWith('/') && isDirectory(at(bare)) === false) rmSync(at(bare));
      else if (bare !== '' && name.endsWith('/') && isDirectory(at(bare))) renew(at(bare));
    }
    const options = [
      '--xattrs',
      '--xattrs-include=*',
      '--same-owner',
      '-p',
      '--numeric-owner',
      '--delay-directory-restore',
    ];
    execFileSync('tar', ['-C', target, ...options, '--exclude=.wh.*', '--warning=no-timestamp', '-xf', layer]);
  }
}

/** GNU tar adds to the extended attributes of a directory that is there; an entry has all that there shall be. */
function renew(directory: Buffer): void {
  const fresh = Buffer.concat([directory, Buffer.from('.renewed')]);
  mkdirSync(fresh);
  for (const name of readdirSync(directory, { encoding: 'buffer' }))
    renameSync(Buffer.concat([directory, slash, name]), Buffer.concat([fresh, slash, name]));
  rmdirSync(directory);
  renameSync(fresh, directory);
}
const slash = Buffer.from('/');

function clear(directory: Buffer): void {
  if (!isDirectory(directory)) return;
  for (const name of readdirSync(directory, { encoding: 'buffer' }))
    rmSync(Buffer.concat([directory, Buffer.from('/'), name]), { recursive: true, force: true });
}

/** undefined: there is nothing at the path. */
function isDirectory(path: Buffer): boolean | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
}
