import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { patience, testStore } from '../support/store.ts';

const store = testStore();
/** In the background, without a network. */
const run = (name: string, flags: string[], ...command: string[]) =>
  store.ok(['run', '-d', '--name', name, '--network', 'none', ...flags, ...command]);
const inspect = async (name: string, format: string) => (await store.okHere(['inspect', '-f', format, name])).trim();
const status = async (name: string) =>
  (await store.okHere(['ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.Status}}'])).trim();
const healthy = async (state: string) =>
  (await store.okHere(['ps', '--filter', `health=${state}`, '--format', '{{.Names}}'])).trim();

it('a health check: starting, unhealthy, healthy; its last probes, its events', async () => {
  const check = ['--health-cmd', 'echo looking; test -e /ok', '--health-interval', '200ms', '--health-retries', '2'];
  run('checked', check, 'base:1', 'sleep', '1000');
  await expect.poll(() => status('checked'), patience).toMatch(/^Up .* \(unhealthy\)$/);
  expect(Number(await inspect('checked', '{{.State.Health.FailingStreak}}'))).toBeGreaterThan(1);
  store.ok(['exec', 'checked', 'touch', '/ok']);
  await expect.poll(() => healthy('healthy'), patience).toBe('checked');
  const health = JSON.parse(await inspect('checked', '{{json .State.Health}}'));
  expect(health).toMatchObject({ Status: 'healthy', FailingStreak: 0 });
  expect(await store.okHere(['ps', '--filter', 'health=healthy', '--format', '{{.Names}}'])).toBe('checked\n');
  expect(health.Log.length).toBeLessThan(6);
  expect(health.Log.at(-1)).toEqual({
    Start: expect.stringMatching(/^\d{4}-.*Z$/),
    End: expect.stringMatching(/^\d{4}-.*Z$/),
    ExitCode: 0,
    Output: 'looking\n',
  });
  const events = await store.okHere([
    'events',
    '--since',
    '1h',
    '--until',
    '0s',
    '-f',
    'event=health_status',
    '--format',
    '{{.Action}}',
  ]);
  expect(events).toBe('health_status: unhealthy\nhealth_status: healthy\n');
  await store.okHere(['stop', '-t', '0', 'checked']);
  expect(await inspect('checked', '{{.State.Health.Status}}')).toBe('unhealthy'); // docker's: what has ended is not healthy
});

it('a check that says well after its container has ended says nothing any more', async () => {
  const check = ['--health-cmd', 'until [ -e /go ]; do sleep 0.1; done; touch /went', '--health-interval', '100ms'];
  run('ended', check, 'base:1', 'sleep', '1000');
  // While this one runs, the monitor does.
  run('other', ['--health-cmd', 'true', '--health-interval', '200ms'], 'base:1', 'sleep', '1000');
  await expect.poll(() => store.okHere(['top', 'ended']), patience).toContain('until');
  // Its end as it is written down between the check's last word and the monitor's hearing of it.
  const change = (what: string) => {
    using database = new DatabaseSync(join(store.root, 'mica.db'), { timeout: 60_000 });
    database.exec(`UPDATE containers SET record = json_set(record, ${what}) WHERE name = 'ended'`);
  };
  const root = `/proc/${await inspect('ended', '{{.State.Pid}}')}/root`;
  change(`'$.status', 'exited', '$.health.status', 'unhealthy'`);
  writeFileSync(`${root}/go`, '');
  await expect.poll(() => existsSync(`${root}/went`), patience).toBe(true);
  const probes = async () => JSON.parse(await inspect('other', '{{json .State.Health.Log}}')).at(-1)?.Start;
  const now = await probes();
  await expect.poll(probes, patience).not.toBe(now);
  expect(await inspect('ended', '{{.State.Health.Status}} {{json .State.Health.Log}}')).toBe('unhealthy []');
  change(`'$.status', 'running'`);
  await store.removeContainers();
});

it('what the launcher sets for its own memory is not handed on to the monitor', async () => {
  run('plain', [], 'base:1', 'sleep', '1000');
  const status = readFileSync(`/proc/${await inspect('plain', '{{.State.Pid}}')}/status`, 'utf8');
  const monitor = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
  const names = readFileSync(`/proc/${monitor}/environ`, 'utf8').split('\0');
  expect(names.filter((pair) => pair.startsWith('PATH='))).toHaveLength(1);
  expect(names.filter((pair) => /^(GLIBC_TUNABLES|MICA_TUNED)=/.test(pair))).toEqual([]);
});

it("a check that takes too long, in a start period, the image's, none", async () => {
  // No oftener than is looked at below: each probe starts a runtime, in all three of them to the end of this test.
  const every = (interval: string) => ['--health-interval', interval];
  run('slow', ['--health-cmd', 'sleep 100', '--health-timeout', '200ms', ...every('1s')], 'base:1', 'sleep', '1000');
  run('early', ['--health-cmd', 'false', '--health-start-period', '1h', ...every('200ms')], 'base:1', 'sleep', '1000');
  await store.okHere(['commit', '-c', 'HEALTHCHECK --interval=100ms CMD ["true"]', 'slow', 'checked:1']);
  run('own', [], 'checked:1', 'sleep', '1000');
  run('none', ['--no-healthcheck'], 'checked:1', 'sleep', '1000');
  await expect
    .poll(async () => JSON.parse(await inspect('slow', '{{json .State.Health.Log}}'))[0], patience)
    .toMatchObject({ ExitCode: -1, Output: expect.stringMatching(/^Health check exceeded timeout \(0.2s\)/) });
  await expect.poll(() => healthy('healthy'), patience).toBe('own');
  await expect
    .poll(async () => JSON.parse(await inspect('early', '{{json .State.Health.Log}}')).length, patience)
    .toBe(5);
  expect(await status('early')).toMatch(/^Up .* \(health: starting\)$/);
  await expect.poll(() => healthy('starting'), patience).toBe('early'); // slow may not have failed often enough yet
  expect(await status('none')).not.toMatch(/\(/);
  expect(await inspect('none', '{{json .Config.Healthcheck}} {{json .State}}')).toMatch(
    /^\{"Test":\["NONE"\]\} (?!.*Health)/,
  );
  // One that is paused is not asked meanwhile.
  await store.okHere(['pause', 'own']);
  const probes = async () => JSON.parse(await inspect('early', '{{json .State.Health.Log}}'))[4].Start;
  const paused = await probes();
  await expect.poll(probes, patience).not.toBe(paused);
  expect(await inspect('own', '{{.State.Health.Status}} {{.State.Health.FailingStreak}}')).toBe('healthy 0');
  await store.removeContainers();
});

it('on-failure:N, always, unless-stopped: by themselves, without a monitor', async () => {
  run('tries', ['--restart', 'on-failure:2'], 'base:1', 'sh', '-c', 'echo try; exit 3');
  run('fine', ['--restart', 'on-failure'], 'base:1', 'true');
  run('again', ['--restart', 'always'], 'base:1', 'sh', '-c', 'sleep 0.1');
  await expect.poll(() => inspect('tries', '{{.RestartCount}} {{.State.Status}}'), patience).toBe('2 exited');
  expect(await store.okHere(['logs', 'tries'])).toBe('try\ntry\ntry\n');
  expect(await status('tries')).toMatch(/^Exited \(3\)/);
  await expect.poll(() => inspect('fine', '{{.RestartCount}} {{.State.Status}}'), patience).toBe('0 exited');
  await expect.poll(async () => Number(await inspect('again', '{{.RestartCount}}')), patience).toBeGreaterThan(1);
  await store.okHere(['stop', '-t', '0', 'again']);
  expect(await inspect('again', '{{.State.Status}}')).toBe('exited');
  await store.removeContainers();
});

it('a restart policy that comes by an update while it runs is honoured at its end', async () => {
  run('late', [], 'base:1', 'sh', '-c', 'until [ -e /go ]; do sleep 0.1; done; exit 3');
  await store.okHere(['update', '--restart', 'on-failure:2', 'late']);
  store.ok(['exec', 'late', 'touch', '/go']);
  await expect.poll(() => inspect('late', '{{.RestartCount}} {{.State.Status}}'), patience).toBe('2 exited');
});

it('mica monitor: restarts what died with its conmon, one a store; after a boot each by its policy', async () => {
  for (const policy of ['always', 'unless-stopped', 'no'])
    run(policy, ['--restart', policy], 'base:1', 'sleep', '1000');
  for (const policy of ['always', 'unless-stopped']) {
    run(`${policy}-stopped`, ['--restart', policy], 'base:1', 'sleep', '1000');
    await store.okHere(['stop', '-t', '0', `${policy}-stopped`]);
  }
  const monitor = store.spawn(['monitor']);
  const ended = once(monitor, 'exit');
  const folder = async (name: string) => join(store.runFolder, await inspect(name, '{{.Id}}'));
  const started = await inspect('always', '{{.State.StartedAt}}');
  for (const file of ['conmon.pid', 'pidfile'])
    process.kill(Number(readFileSync(join(await folder('always'), file), 'utf8')), 'SIGKILL');
  await expect
    .poll(() => inspect('always', '{{.State.Status}} {{.State.StartedAt}}'), patience)
    .toMatch(new RegExp(`^running (?!${started})`));
  // Another one has nothing to do; a signal ends the first.
  expect(store.run(['monitor']).code).toBe(0);
  monitor.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);

  // As after a reboot: nothing runs, and the boot that the records name is another.
  const names = ['always', 'unless-stopped', 'no'];
  for (const file of ['conmon.pid', 'pidfile'])
    for (const name of names) process.kill(Number(readFileSync(join(await folder(name), file), 'utf8')), 'SIGKILL');
  const database = new DatabaseSync(join(store.root, 'mica.db'), { timeout: 60_000 });
  database.exec(`UPDATE containers SET record = json_set(record, '$.boot', 'another')`);
  database.close();
  const service = store.spawn(['monitor']);
  const gone = once(service, 'exit');
  const up = async () => (await store.okHere(['ps', '--format', '{{.Names}}'])).trim().split('\n').sort();
  await expect.poll(up, patience).toEqual(['always', 'always-stopped', 'unless-stopped']);
  expect(await status('no')).toMatch(/^Exited \(137\)/);
  service.kill('SIGTERM');
  await gone;
});

it('the systemd unit is one that systemd takes', () => {
  const unit = readFileSync(new URL('../../../../systemd/mica-monitor.service', import.meta.url), 'utf8');
  const program = join(store.work, 'mica');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  const file = join(store.work, 'mica-monitor.service');
  writeFileSync(file, unit.replace('/usr/local/bin/mica', program));
  const done = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  // A machine without systemd has nothing to say about it; what it says of other units is not asked.
  if (done.error) expect(existsSync('/run/systemd/system')).toBe(false);
  else expect(done.stderr.split('\n').filter((line) => line.includes('mica-monitor'))).toEqual([]);
});
