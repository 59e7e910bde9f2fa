import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runProgram } from '../../src/system/spawn.ts';

// In a process of its own: a thread never comes back from namespaces that others share.
const script = `
  const { enterPrivateMounts, outsidePrivateMounts } = await import(process.argv[1]);
  const { readlinkSync } = await import('node:fs');
  const { readFile } = await import('node:fs/promises');
  const mounts = () => readlinkSync('/proc/thread-self/ns/mnt');
  const before = mounts();
  enterPrivateMounts();
  await Promise.all(Array.from({ length: 8 }, () => readFile('/proc/self/status')));
  const inside = mounts();
  const outside = outsidePrivateMounts(mounts);
  console.log(JSON.stringify([before !== inside, outside === before, mounts() === inside, process.cwd()]));`;

it('goes back to the original mounts for a moment, also when libuv has threads already', () => {
  const file = fileURLToPath(new URL('../../src/system/mount.ts', import.meta.url));
  const { stdout, stderr } = runProgram(process.execPath, ['--input-type=module', '-e', script, '--', file]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([true, true, true, process.cwd()]);
});

it('goes back from a folder that is gone to just that folder', () => {
  const file = fileURLToPath(new URL('../../src/system/mount.ts', import.meta.url));
  const gone = `
    const { enterPrivateMounts, outsidePrivateMounts } = await import(process.argv[1]);
    const { mkdtempSync, rmdirSync, readlinkSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/mica-gone-');
    process.chdir(folder);
    rmdirSync(folder);
    enterPrivateMounts();
    const outside = outsidePrivateMounts(() => process.pid);
    console.log(JSON.stringify([outside === process.pid, readlinkSync('/proc/self/cwd') === folder + ' (deleted)']));`;
  const { stdout, stderr } = runProgram(process.execPath, ['--input-type=module', '-e', gone, '--', file]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([true, true]);
});
