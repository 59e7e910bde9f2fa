import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onceRun, testStore } from '../support/store.ts';

const store = testStore();
const run = (...args: string[]) => store.run(onceRun(args));
const shell = (script: string, ...flags: string[]) => run(...flags, 'base:1', 'sh', '-c', script);

/** Runs each script in one container; those that succeeded. */
function succeeding(scripts: readonly string[]): string[] {
  const tries = scripts.map((script, n) => `( ${script} ) >/dev/null 2>&1 && echo ${n}`).join('\n');
  return shell(`${tries}\ntrue`)
    .out.split('\n')
    .filter(Boolean)
    .map((n) => scripts[Number(n)] as string);
}

it('root inside reads no masked path, writes no read-only one', () => {
  // Each one that this kernel has: empty, or not to be opened.
  const masked = ['interrupts', 'kcore', 'keys', 'timer_list', 'sched_debug', 'latency_stats'].map(
    (name) => `/proc/${name}`,
  );
  const there = masked.filter((path) => existsSync(path));
  expect(there).not.toEqual([]);
  const guarded = ['/proc/sys/kernel/domainname', '/proc/sysrq-trigger', '/proc/irq/default_smp_affinity'];
  expect(
    succeeding([
      ...there.map((path) => `head -c 1 ${path} | grep .`),
      'ls /sys/firmware /sys/devices/virtual/powercap /proc/acpi /proc/scsi | grep -v : | grep .',
      ...guarded.map((path) => `echo 0 > ${path}`),
      'echo 1 > /sys/kernel/profiling',
      'mkdir /sys/fs/cgroup/mine',
      ...(existsSync('/sys/fs/cgroup/memory') ? readdirSync('/sys/fs/cgroup') : []).map(
        (name) => `mkdir /sys/fs/cgroup/${name}/mine`,
      ),
      'touch /sys/x',
    ]),
  ).toEqual([]);
});

it('root inside mounts nothing, loads no module, makes no namespace, sets nothing of the machine', () => {
  expect(
    succeeding([
      'mount -t tmpfs x /tmp',
      'mount -t proc x /tmp',
      'mount -o remount,rw /sys',
      'umount /proc/keys',
      'unshare -m true',
      'unshare -r true',
      'swapon /etc/passwd',
      'hostname other',
      'date -s 2001-01-01; [ "$(date +%Y)" = 2001 ]',
      'mknod /tmp/disk b 8 0 && head -c 1 /tmp/disk | grep .',
      'dmesg',
      'renice -n -10 1',
      '[ -e /dev/mem ] || [ -e /dev/sda ]',
    ]),
  ).toEqual([]);
  const module = join(store.work, 'nothing.ko');
  writeFileSync(module, 'no module');
  const insmod = run('-v', `${module}:/m.ko:ro`, 'base:1', 'insmod', '/m.ko');
  expect(insmod).toMatchObject({ code: 1, err: expect.stringMatching(/Operation not permitted/) });
});

it('system calls that reach into the kernel past all namespaces are refused, as by docker', () => {
  // io_uring_setup(2) is 425 on every architecture; without the filter it says that there are no parameters.
  const script = `
    syscall(425, 1, 0); print "ring $!\n";
    for (2, 16, 38, 40) { print "$_ ", (socket(S, $_, 3, 0) || socket(S, $_, 1, 0) ? "is there" : $!), "\n" }`;
  const said = (...flags: string[]) =>
    run('-v', '/:/host:ro', ...flags, 'base:1', 'chroot', '/host', '/usr/bin/perl', '-MSocket', '-e', script);
  const refused = 'Operation not permitted';
  expect(said()).toEqual({
    code: 0,
    out: `ring ${refused}\n2 is there\n16 is there\n38 ${refused}\n40 ${refused}\n`,
    err: '',
  });
  expect(said('--security-opt', 'seccomp=unconfined').out).toContain('ring Bad address\n');
});

it("root inside sees none of the host's processes and nothing outside its root", () => {
  const host = spawnSync('ps', ['-e']).stdout.toString().split('\n').length;
  const seen = Number(shell("ls /proc | grep -c '^[0-9]'").out);
  expect(seen).toBeLessThan(6);
  expect(host).toBeGreaterThan(seen);
  expect(shell(`kill -9 ${process.pid}`).err).toMatch(/No such process/);
  writeFileSync(join(store.work, 'outside'), 'untouched');
  const deep = '../'.repeat(40);
  expect(shell(`echo x > ${deep}${store.work.slice(1)}/outside`).code).not.toBe(0);
  expect(shell(`cat /proc/1/root${store.work}/outside`).code).not.toBe(0);
  expect(shell(`ln -s ${store.work}/outside /l && echo x > /l`).code).not.toBe(0);
  expect(readFileSync(join(store.work, 'outside'), 'utf8')).toBe('untouched');
});

it('a working directory behind a symlink of the image is made in the container, never on the host', async () => {
  const outside = join(store.work, 'beyond');
  mkdirSync(outside);
  store.ok(['run', '--name', 'linked', 'base:1', 'ln', '-s', outside, '/link']);
  await store.okHere(['commit', 'linked', 'linked:1']);
  const made = `${outside}/made/deep\n`;
  expect(run('-w', '/link/made/deep', 'linked:1', 'pwd', '-P')).toEqual({ code: 0, out: made, err: '' });
  expect(run('-w', '../../link/made/deep', 'linked:1', 'pwd').code).toBe(125);
  expect(readdirSync(outside)).toEqual([]);
  await store.removeContainers();
});

it('capabilities, seccomp, no-new-privileges, --privileged: what was asked for is in force', () => {
  const status = (field: string, ...flags: string[]) => shell(`grep ^${field}: /proc/self/status`, ...flags).out.trim();
  expect(status('CapEff')).toBe('CapEff:\t00000000a80425fb');
  expect(status('CapEff', '--cap-drop', 'ALL', '--cap-add', 'chown')).toBe('CapEff:\t0000000000000001');
  expect(status('CapEff', '-u', 'ann')).toBe('CapEff:\t0000000000000000');
  expect(status('Seccomp')).toBe('Seccomp:\t2');
  expect(status('Seccomp', '--security-opt', 'seccomp=unconfined')).toBe('Seccomp:\t0');
  expect(status('NoNewPrivs', '--security-opt', 'no-new-privileges')).toBe('NoNewPrivs:\t1');
  expect(shell('mount -t tmpfs x /tmp && echo mounted', '--cap-add', 'SYS_ADMIN').out).toBe('mounted\n');
  expect(shell('mount -t tmpfs x /tmp && echo mounted', '--privileged').out).toBe('mounted\n');
  const profile = join(store.work, 'profile.json');
  const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 };
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
  const refused = shell('mkdir /tmp/d', '--security-opt', `seccomp=${profile}`);
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/not permitted/) });
});

it('limits are in force in the cgroup and on the process', () => {
  const v1 = existsSync('/sys/fs/cgroup/memory');
  const flags = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '50', '--cpuset-cpus', '0', '--cpu-shares', '512'];
  const files = v1
    ? 'memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max cpuset/cpuset.cpus cpu/cpu.shares'
    : 'memory.max cpu.max pids.max cpuset.cpus cpu.weight';
  const out = shell(`cd /sys/fs/cgroup; cat ${files}`, ...flags).out;
  expect(out).toBe(v1 ? '67108864\n50000\n50\n0\n512\n' : '67108864\n50000 100000\n50\n0\n20\n');
  expect(shell('ulimit -n; ulimit -Hn', '--ulimit', 'nofile=100:200').out).toBe('100\n200\n');
  expect(shell('df -k /dev/shm | tail -1', '--shm-size', '1m').out).toMatch(/ 1024 /);
  // More than its memory: killed, and nothing else is.
  expect(shell('dd if=/dev/zero of=/dev/null bs=200M count=1', '-m', '32m', '--memory-swap', '32m').code).toBe(137);
  expect(shell('for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait', '--pids-limit', '4').err).toMatch(/fork/);
});

it('what cannot be is one clear line, 125, and nothing left behind', async () => {
  const bad: [string[], RegExp][] = [
    [['-m', '1m'], /Minimum memory limit allowed is 6MB/],
    [['-m', 'lots'], /invalid argument "lots" for "-m, --memory" flag/],
    [['--cpus', '999'], /range of CPUs is from 0.01 to/],
    [['--cpuset-cpus', '900'], /Requested CPUs are not available - requested 900/],
    [['--memory-swap', '64m'], /always set the Memory limit/],
    [
      ['--cap-add', 'NONSENSE'],
      /invalid argument "NONSENSE" for "--cap-add" flag: unknown .* CAP_NONSENSE\n {2}.*NET_ADMIN/,
    ],
    [['--cap-drop', ''], /invalid argument "" for "--cap-drop" flag: unknown capability: CAP_\n {2}/],
    [
      ['--ulimit', 'bogus=1'],
      /invalid argument "bogus=1" for "--ulimit" flag: invalid ulimit type: bogus\n {2}.* core, /,
    ],
    [['--ulimit', 'NOFILE=1'], /invalid argument "NOFILE=1" for "--ulimit" flag: invalid ulimit type: NOFILE\n {2}/],
    [['--pid', 'foo'], /--pid foo is not supported\n {2}host and container:NAME are/],
    [['--pid', 'container:'], /--pid container: is not supported\n {2}host and container:NAME are/],
    [['--ulimit', 'nofile=9:1'], /soft limit must be less than or equal to hard limit/],
    [['--device', '/dev/nothing-here'], /error gathering device information.*"\/dev\/nothing-here"/],
    [['--sysctl', 'vm.swappiness=1'], /sysctl 'vm.swappiness=1' is not allowed/],
    [['--security-opt', 'nonsense'], /invalid --security-opt: "nonsense"/],
    [['--security-opt', 'seccomp=/nowhere.json'], /opening seccomp profile \(\/nowhere.json\) failed/],
    [['--restart', 'sometimes'], /invalid restart policy 'sometimes'/],
    [['--restart', 'always'], /can't create 'AutoRemove' container with restart policy/],
    [['--userns', 'keep-id'], /--userns keep-id is not supported/],
    [['--gpus', 'all'], /--gpus is not supported/],
    [['--group-add', 'nobody-here'], /Unable to find group nobody-here/],
    [['-u', 'nobody-here'], /unable to find user nobody-here/],
    [['-w', '/etc/passwd'], /\/etc\/passwd/],
    [['--health-interval', 'soon'], /invalid duration "soon"/],
    [['--log-opt', 'size=1'], /unknown log opt 'size'/],
  ];
  for (const [flags, message] of bad) {
    const { code, err } = await store.here(['run', '--rm', '--network', 'none', ...flags, 'base:1', 'true']);
    expect({ code, err }, flags.join(' ')).toMatchObject({ code: 125, err: expect.stringMatching(message) });
    expect(err, flags.join(' ')).not.toMatch(/ at .*\.ts/);
  }
  expect(await store.okHere(['ps', '-aq'])).toBe('');
  await store.removeContainers();
});

it('a hard limit above this machine’s is named', () => {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const most = Number(/^Max open files +\S+ +(\d+)/m.exec(limits)?.[1]);
  const mayRaise = (BigInt(`0x${/CapEff:\t(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]}`) >> 24n) & 1n;
  const asked = run('--ulimit', `nofile=${most + 1}`, 'base:1', 'sh', '-c', 'ulimit -n');
  if (mayRaise) expect(asked.out).toBe(`${most + 1}\n`);
  else expect(asked).toMatchObject({ code: 125, err: expect.stringMatching(`this machine allows at most ${most}`) });
});
