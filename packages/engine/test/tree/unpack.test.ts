import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dir, file } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

it('what its owner puts in the place of the folder that is being filled is not written to', async () => {
  await bench.importEntries([dir('d'), file('d/a', 'one'), file('d/b', 'two')], 'i:1');
  const [folder, victim] = [bench.folder(), bench.folder()];
  mkdirSync(`${victim}/d`);
  let moved = false;
  const unpacking = bench.engine.trees.unpack('i:1', `${folder}/out`, {
    onProgress: ({ stage }) => {
      const [made] = readdirSync(folder).filter((name) => name.startsWith('.out.mica-'));
      if (moved || stage !== 'unpack' || made === undefined) return;
      renameSync(`${folder}/${made}`, `${folder}/aside`);
      symlinkSync(victim, `${folder}/${made}`);
      moved = true;
    },
  });
  await expect(unpacking).rejects.toMatchObject({ code: 'conflict' });
  expect(moved).toBe(true);
  expect(readdirSync(`${victim}/d`)).toEqual([]);
  expect(readFileSync(`${folder}/aside/d/b`, 'utf8')).toBe('two');
  expect(existsSync(`${folder}/out`)).toBe(false);
});
