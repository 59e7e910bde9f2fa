import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '@mica/engine';
import { run } from '../measure/process.ts';
import { onPath } from '../measure/tools.ts';
import { Random } from './random.ts';

/** Where what is costly to make is kept from run to run, outside the checkout; on the disk of the stores. */
export function cacheFolder(): string {
  const folder = process.env.XDG_CACHE_HOME ? join(process.env.XDG_CACHE_HOME, 'mica-bench') : '/var/tmp/mica-bench';
  makeFolders(folder, 0o777);
  return folder;
}

/** Made once: a half-made one is never taken for whole. */
export function once(name: string, make: (at: string) => void): string {
  const at = join(cacheFolder(), name);
  if (existsSync(at)) return at;
  const half = `${at}.${process.pid}.making`;
  rmSync(half, { recursive: true, force: true });
  make(half);
  renameSync(half, at);
  return at;
}

/** A tree of busybox and its links: the image under every workload. */
export function busyboxTar(): string {
  if (!onPath('busybox')) throw new Error('busybox is missing: apt-get install busybox-static');
  return once('busybox-2.tar', (at) => {
    const tree = `${at}.tree`;
    mkdirSync(join(tree, 'bin'), { recursive: true });
    for (const dir of ['etc', 'tmp', 'root', 'data']) mkdirSync(join(tree, dir));
    run({ argv: ['sh', '-c', `cp -L "$(command -v busybox)" ${tree}/bin/busybox`] });
    run({
      argv: ['sh', '-c', `cd ${tree}/bin && for a in $(./busybox --list); do [ -e $a ] || ln -s busybox $a; done`],
    });
    writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    run({ argv: ['tar', '-C', tree, '-cf', at, '.'] });
    rmSync(tree, { recursive: true });
  });
}

/** W2: 10,000 files of 0.8 to 21 KiB, mean 8, a hundred a directory, half of them text. */
export function smallFiles(): string {
  return once('w2-small-files-1', (at) =>
    files(at, { count: 10_000, aDirectory: 100, from: 819, mean: 8192, to: 21_504, seed: 2 }),
  );
}

/** W3: 16 files, 1,158 MiB, half of them text. */
export function bigFiles(): string {
  return once('w3-big-files-1', (at) => {
    mkdirSync(at, { recursive: true });
    const random = new Random(3);
    for (let file = 0; file < 16; file++) {
      const bytes = Math.floor((1158 / 16) * (0.5 + file / 15) * 1048576);
      const block = file % 2 === 0 ? random.bytes(1 << 20) : random.text(1 << 20);
      const parts: Buffer[] = [];
      for (let left = bytes; left > 0; left -= block.length) {
        block.writeUInt32LE(left, 0); // no two blocks are the same
        parts.push(Buffer.from(block.subarray(0, Math.min(left, block.length))));
      }
      writeFileSync(join(at, `big-${file}`), Buffer.concat(parts));
    }
  });
}

/** W4, W6: what one container of many changed: 1,000 files, 9 MiB. */
export function batchFiles(seed: number): string {
  return once(`w4-batch-1-${seed}`, (at) =>
    files(at, { count: 1000, aDirectory: 100, from: 819, mean: 9437, to: 21_504, seed: 100 + seed }),
  );
}

/** What `--check` commits again and again: W2's kind of files, 3,000 of them. */
export function checkFiles(): string {
  return once('check-files-1', (at) =>
    files(at, { count: 3000, aDirectory: 100, from: 819, mean: 8192, to: 21_504, seed: 11 }),
  );
}

interface FilesShape {
  readonly count: number;
  readonly aDirectory: number;
  /** Bytes: the smallest, the mean, the largest. */
  readonly from: number;
  readonly mean: number;
  readonly to: number;
  readonly seed: number;
}

export function files(at: string, shape: FilesShape): void {
  const random = new Random(shape.seed);
  // fraction ** p has the mean 1 / (p + 1)
  const power = (shape.to - shape.from) / (shape.mean - shape.from) - 1;
  for (let file = 0; file < shape.count; file++) {
    const dir = join(at, `d${String(Math.floor(file / shape.aDirectory)).padStart(4, '0')}`);
    if (file % shape.aDirectory === 0) mkdirSync(dir, { recursive: true });
    const size = Math.floor(shape.from + random.fraction() ** power * (shape.to - shape.from));
    writeFileSync(join(dir, `file-${file}.dat`), file % 2 === 0 ? random.text(size) : random.bytes(size));
  }
}
