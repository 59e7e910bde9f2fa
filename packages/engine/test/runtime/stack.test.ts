import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { mountStack } from '../../src/overlay/stack.ts';
import { enterPrivateMounts, mountNew, unmount } from '../../src/system/mount.ts';

// As it is; only what it was asked for is kept.
vi.mock('../../src/system/mount.ts', { spy: true });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-stack-'));
  enterPrivateMounts();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function folder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
/** A folder whose path has so many bytes. */
function longFolder(bytes: number): string {
  const above = join(dir, 'x'.repeat(100));
  return folder(join(above, 'y'.repeat(bytes - above.length - 1)));
}

it.each([254, 255, 256, 257])('folders whose paths have %i bytes, where the kernel takes no value of 256', (bytes) => {
  const lower = longFolder(bytes);
  writeFileSync(join(lower, 'f'), 'x');
  const target = folder(join(dir, 'target'));
  const upper = { dir: folder(join(lower, '../upper')), work: folder(join(lower, '../work')) };
  mountStack({ lowers: [lower], upper, target });
  try {
    expect(readdirSync(target)).toEqual(['f']);
  } finally {
    unmount(target);
  }
  mountStack({ lowers: [folder(join(dir, 'lower'))], upper: { ...upper, dir: longFolder(bytes - 1) }, target });
  unmount(target);
});

it("what would put a file's data elsewhere than in the upper is off, whatever is usual on the machine", () => {
  const target = folder(join(dir, 'target'));
  const upper = { dir: folder(join(dir, 'upper')), work: folder(join(dir, 'work')) };
  mountStack({ lowers: [folder(join(dir, 'lower'))], upper, target });
  unmount(target);
  const options = vi.mocked(mountNew).mock.lastCall?.[1];
  for (const name of ['redirect_dir', 'metacopy', 'index', 'xino']) expect(options).toContainEqual([name, 'off']);
});
