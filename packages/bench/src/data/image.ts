import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../measure/process.ts';
import { busyboxTar, files, once } from './trees.ts';

export const transferImage = 'bench/transfer:1';

/**
 * W8: an image of 11 layers, 20,000 files, 165 MB, as a docker archive: busybox below, ten layers of
 * 2,000 files above it.
 */
export function transferArchive(): string {
  return once('w8-image-1.tar', (at) => {
    const work = `${at}.parts`;
    mkdirSync(work, { recursive: true });
    const layers = [busyboxTar()];
    for (let layer = 0; layer < 10; layer++) {
      const tree = join(work, `tree${layer}`);
      const shape = { count: 2000, aDirectory: 100, from: 819, mean: 8192, to: 21_504, seed: 800 + layer };
      files(join(tree, `data/layer${layer}`), shape);
      const tar = join(work, `layer${layer}.tar`);
      run({
        argv: ['tar', '--sort=name', '--owner=0', '--group=0', '--mtime=@1700000000', '-C', tree, '-cf', tar, '.'],
      });
      rmSync(tree, { recursive: true });
      layers.push(tar);
    }
    const names = layers.map((tar, i) => {
      run({ argv: ['cp', tar, join(work, `${i}.tar`)] });
      return `${i}.tar`;
    });
    const created = '2023-11-14T22:13:20Z';
    const config = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created,
      config: { Cmd: ['/bin/true'] },
      rootfs: { type: 'layers', diff_ids: names.map((name) => `sha256:${digest(join(work, name))}`) },
      history: names.map((name) => ({ created, created_by: `layer ${name}` })),
    };
    const text = JSON.stringify(config);
    const file = `${createHash('sha256').update(text).digest('hex')}.json`;
    writeFileSync(join(work, file), text);
    writeFileSync(
      join(work, 'manifest.json'),
      JSON.stringify([{ Config: file, RepoTags: [transferImage], Layers: names }]),
    );
    run({ argv: ['tar', '-C', work, '-cf', at, 'manifest.json', file, ...names] });
    rmSync(work, { recursive: true });
  });
}

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

export function transferBytes(): number {
  return statSync(transferArchive()).size;
}
