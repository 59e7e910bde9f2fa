import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bin, TestStore } from '../support/store.ts';

const store = new TestStore();
afterAll(() => store.remove());

/** `mica ps` by way of another path to the launcher. */
function ps(program: string, cwd: string): string {
  const env = { ...process.env, MICA_ROOT: store.root };
  const { status, stdout, stderr } = spawnSync(program, ['ps'], { cwd, env, encoding: 'utf8' });
  return `${stdout}${stderr}(${status})`;
}

it('the launcher is found by itself, by a link to it, by a link to its folder, by a link to that link', () => {
  const expected = ps(bin, '/');
  expect(expected).toMatch(/^CONTAINER ID .*\n\(0\)$/);
  const links = join(store.work, 'links');
  mkdirSync(links);
  symlinkSync(bin, join(links, 'mica'));
  symlinkSync(dirname(bin), join(links, 'folder'));
  symlinkSync('mica', join(links, 'again'));
  symlinkSync('folder/mica', join(links, 'through'));
  for (const name of ['mica', 'folder/mica', 'again', 'through']) {
    expect(ps(join(links, name), '/'), name).toBe(expected);
    expect(ps(`./${name}`, links), name).toBe(expected);
  }
  expect(ps(`./${basename(bin)}`, dirname(bin))).toBe(expected);
});
