import { expect, it } from 'vitest';
import { bin, testStore } from '../support/store.ts';
import { Terminal } from '../support/terminal.ts';

const store = testStore();

it('update: memory, processors, processes in force at once; the restart policy from now on', async () => {
  store.start('small', 'sleep 1000', '-m', '64m');
  await store.okHere(['update', '-m', '32m', '--memory-swap', '64m', '--cpus', '0.5', '--pids-limit', '50', 'small']);
  const v1 = 'cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max';
  const v2 = 'cat memory.max cpu.max pids.max';
  const inside = store.ok([
    'exec',
    'small',
    'sh',
    '-c',
    `cd /sys/fs/cgroup; if [ -d memory ]; then ${v1}; else ${v2}; fi`,
  ]);
  expect(inside).toMatch(/^33554432\n50000( 100000)?\n50\n$/);
  await store.okHere(['update', '--restart', 'on-failure:3', 'small']);
  const format = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{json .HostConfig.RestartPolicy}}';
  expect(await store.okHere(['inspect', '-f', format, 'small'])).toBe(
    '33554432 500000000 {"Name":"on-failure","MaximumRetryCount":3}\n',
  );
  // docker's: the swap limit stays as it is, also one that nobody gave, until it is changed as well.
  expect(await store.here(['update', '-m', '100m', 'small'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/smaller than already set memoryswap limit/),
  });
  await store.okHere(['update', '-m', '48m', 'small']);
  const memory = ['inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}', 'small'];
  expect(store.ok(memory)).toBe('50331648 67108864\n');
  await store.okHere(['update', '-m', '100m', '--memory-swap', '-1', 'small']);
  await store.okHere(['update', '-m', '32m', '--memory-swap', '64m', 'small']);
  expect(await store.here(['update', '-m', '1m', 'small'])).toMatchObject({ err: expect.stringMatching(/6MB/) });
  // docker's code and words: 125 is for run, whose 1 is the container's own.
  expect(await store.here(['update', '--restart', 'bogus', 'small'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^mica: invalid restart policy 'bogus'\n/),
  });
  expect(store.run(['run', '--restart', 'always:2', 'base:1', 'true'])).toMatchObject({
    code: 125,
    err: expect.stringMatching(/^mica: maximum retry count cannot be used with restart policy 'always'\n/),
  });
  // docker's: a flag is a flag, and 0 changes nothing.
  expect(await store.okHere(['update', '--cpus', '0', '-m', '0', 'small'])).toBe('small\n');
  expect(await store.okHere(['inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}', 'small'])).toBe(
    '33554432 500000000\n',
  );
  expect(await store.here(['update', 'small'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/one or more flags/),
  });
});

it('stats: once, by template, live in a terminal', async () => {
  const [heading, row] = store.lines('stats', '--no-stream', 'small');
  expect(heading).toMatch(/^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/);
  expect(row).toMatch(/^[0-9a-f]{12} +small +\d+\.\d\d% +\S+ \/ 32MiB +\d+\.\d\d% .* 1$/);
  expect(store.ok(['stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'small'])).toBe('small 1\n');
  // docker's: what does not run uses nothing.
  await store.okHere(['create', '--name', 'never', '--network', 'none', 'base:1', 'sh']);
  expect(store.lines('stats', '--no-stream', 'never')[1]).toMatch(
    /^[0-9a-f]{12} +never +0\.00% +0B \/ 0B +0\.00% +0B \/ 0B +0B \/ 0B +0$/,
  );
  await store.okHere(['rm', 'never']);
  expect(store.run(['stats', '--no-stream', 'nope'])).toMatchObject({ code: 1, err: expect.stringMatching(/No such/) });
  const terminal = new Terminal({ MICA_ROOT: store.root });
  try {
    terminal.line(`${bin} stats`);
    await terminal.shows(/NAME.*\n.* small +.*\/ 32MiB/);
    await store.okHere(['rm', '-f', 'small']);
    await terminal.shows(/NAME(?![\s\S]*small)/);
    terminal.keys('C-c');
    await terminal.shows(/host>$/);
  } finally {
    terminal.close();
  }
});
