import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bin, TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(() => store.importBase());
afterAll(() => store.remove());

/**
 * The machine's cgroups as one tree (v2), seen by `script` alone. A kernel whose controllers belong to v1's trees
 * has none left for it: freezing, statistics and membership need none. runc, since crun asks for more locked memory
 * there than root may have without CAP_SYS_RESOURCE.
 */
function inUnifiedTree(script: string) {
  const mounting = `
    umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    mica() { "$0" "$@"; }
    ${script}`;
  const env = { ...process.env, MICA_ROOT: store.root, MICA_RUNTIME: 'runc' };
  const args = ['--mount', '--propagation', 'private', 'sh', '-ec', mounting, bin];
  const { status, stdout, stderr } = spawnSync('unshare', args, { env, encoding: 'utf8' });
  return { code: status, out: stdout.trim().split('\n'), err: stderr.trim() };
}

it('one tree of cgroups: run, exec, pause, a commit that freezes, fork, top, stats and rm', () => {
  const { code, out, err } = inUnifiedTree(`
    mica run -d --name box --network none base:1 sleep 1000 >/dev/null
    mica exec box sh -c 'echo one > /new'
    mica pause box >/dev/null; mica ps --format '{{.Status}}'; mica unpause box >/dev/null
    mica commit --verbose box new:1 2>&1 >/dev/null
    mica inspect -f '{{.State.Status}} {{.State.Paused}}' box
    mica run --rm --network none new:1 cat /new
    mica fork -n 2 box >/dev/null; mica ps -q | wc -l
    mica top box -o pid,comm | tail -n 1 | grep -o sleep
    mica stats --no-stream --format '{{.Name}} {{.CPUPerc}}' box
    group=/sys/fs/cgroup/mica/$(mica inspect -f '{{.Id}}' box); test -d $group && echo there
    mica rm -f $(mica ps -aq) >/dev/null; test -d $group || echo gone`);
  expect(err).toBe('');
  expect(out).toEqual([
    expect.stringMatching(/^Up .* \(Paused\)$/),
    expect.stringMatching(/^2 entries, .* frozen for [\d.]+ ms$/),
    'running false',
    'one',
    '3',
    'sleep',
    expect.stringMatching(/^box [\d.]+%$/),
    'there',
    'gone',
  ]);
  expect(code).toBe(0);
});

it('a limit whose controller the tree has not is refused by its name', () => {
  const { code, err } = inUnifiedTree(`
    ! grep -qw memory /sys/fs/cgroup/cgroup.controllers || exec sh -c 'echo "it has it" >&2; exit 1'
    mica create --memory 64m base:1 true`);
  expect(err).toMatch(/it has it|--memory: this machine's kernel has not the memory controller/);
  expect(code).toBe(1);
});
