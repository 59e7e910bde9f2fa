import { expect, it } from 'vitest';
import recorded from '../support/docker-inspect.json' with { type: 'json' };
import { testStore } from '../support/store.ts';

type Described = { readonly [field: string]: unknown } & typeof recorded.inspect;

const store = testStore();
const inspect = async (name: string): Promise<Described> => JSON.parse(await store.okHere(['inspect', name]))[0];
const state = async (name: string) => JSON.parse(await store.okHere(['inspect', '-f', '{{json .State}}', name]));

it("the answer has docker's fields, and what was asked for where docker has it", async () => {
  await store.here(['create', '--name', 'full', ...recorded.args, 'base:1', 'sleep', '100']);
  const docker = recorded.inspect;
  const mica = await inspect('full');
  for (const part of ['State', 'HostConfig', 'NetworkSettings', 'Config'] as const)
    expect(Object.keys(mica[part]).sort(), part).toEqual(Object.keys(docker[part]).sort());
  expect(Object.keys(mica).sort()).toEqual(Object.keys(docker).sort());
  expect(mica.State).toEqual(docker.State);
  expect(mica.Config).toEqual(docker.Config);
  // What is Mica's own or the machine's: log driver, runtime, cgroups of v1 or v2; docker's binds are in no order.
  const { LogConfig, Runtime } = mica.HostConfig;
  expect(LogConfig).toEqual({ ...docker.HostConfig.LogConfig, Type: 'k8s-file' });
  expect(Runtime).toMatch(/^(crun|runc)$/);
  const common = ({ HostConfig }: Described, more: readonly string[]) => {
    const Binds = HostConfig.Binds.toSorted();
    const MaskedPaths = [...HostConfig.MaskedPaths, ...more].sort();
    return { ...HostConfig, Binds, MaskedPaths, LogConfig: 0, Runtime: 0, CgroupnsMode: 0 };
  };
  // What docker has masked since 20.10, which was recorded.
  const masked = ['/proc/interrupts', '/sys/devices/virtual/powercap'];
  expect(common(mica, [])).toEqual(common(docker as Described, masked));
  const shown = ({ Mounts }: Described) =>
    Mounts.map(({ Type, Destination, RW, Propagation }) => `${Type} ${Destination} ${RW} ${Propagation}`).sort();
  expect(shown(mica)).toEqual(shown(docker as Described));
  expect(mica.NetworkSettings.Networks.none).toEqual(docker.NetworkSettings.Networks.none);
  await store.okHere(['create', '--name', 'bare', '--network', 'none', 'base:1', 'true']);
  const idiom =
    '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.Config.StopSignal}}{{.HostConfig.Tmpfs}}';
  expect(await store.okHere(['inspect', '-f', idiom, 'bare'])).toBe('none map[]\n');
  expect(await store.okHere(['inspect', '-f', '{{json .State}}', 'bare'])).not.toContain('Health');
  expect(await store.okHere(['inspect', '-f', '{{index .HostConfig.LogConfig.Config "max-size"}}', 'full'])).toBe(
    '1m\n',
  );
  expect(
    await store.okHere(['inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}', 'full']),
  ).toBe('67108864 on-failure\n');
});

it('State: running, paused, restarting, exited, killed for want of memory, failed to start', async () => {
  store.ok(['run', '-d', '--name', 'box', '--network', 'none', 'base:1', 'sleep', '1000']);
  expect(await state('box')).toMatchObject({ Status: 'running', Running: true, Paused: false, Dead: false, Error: '' });
  await store.okHere(['pause', 'box']);
  expect(await state('box')).toMatchObject({ Status: 'paused', Running: true, Paused: true });
  await store.okHere(['unpause', 'box']);
  await store.okHere(['rm', '-f', 'box']);

  store.ok(['run', '-d', '--name', 'again', '--network', 'none', '--restart', 'always', 'base:1', 'false']);
  await expect
    .poll(() => state('again'), { timeout: 60_000 })
    .toMatchObject({
      Status: 'restarting',
      Running: true,
      Restarting: true,
      Pid: 0,
      ExitCode: 1,
    });
  await expect.poll(async () => (await inspect('again')).RestartCount, { timeout: 60_000 }).toBeGreaterThan(1);
  await store.okHere(['rm', '-f', 'again']);

  const memory = ['-m', '20m', '--memory-swap', '20m'];
  store.run(['run', '--name', 'oom', '--network', 'none', ...memory, 'base:1', 'sh', '-c', 'a=$(seq 10000000)']);
  expect(await state('oom')).toMatchObject({ Status: 'exited', Running: false, OOMKilled: true, ExitCode: 137 });

  await store.okHere(['create', '--name', 'bad', '--network', 'none', 'base:1', 'nothing-there']);
  expect(store.run(['start', 'bad']).code).toBe(1);
  expect(await state('bad')).toMatchObject({
    Status: 'created',
    ExitCode: 127,
    Error: expect.stringMatching(/nothing-there/),
  });
});
