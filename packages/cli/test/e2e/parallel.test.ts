import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MicaBench } from '../support/mica.ts';
import { ask, command, Footprint, seedNetworkImage } from '../support/network.ts';
import { bin } from '../support/store.ts';

const bench = new MicaBench();
const at = new Footprint(bench, 'store');
const ok = (...args: string[]) => bench.ok('store', args).trim();

beforeAll(() => seedNetworkImage(bench, 'store'));
afterAll(() => {
  // Of a test that failed half-way, too.
  const left = bench.containers('store');
  if (left.length > 0) ok('rm', '-f', ...left);
  rmSync(at.run, { recursive: true, force: true });
  bench.close();
});

/** All that this store has on the machine, counted where the machine itself keeps it. */
function footprint() {
  const mounts = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
      } catch {
        return [];
      }
    });
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder).sort() : []);
  return {
    mounts: mounts.filter((line) => line.includes(`${at.root}/containers`)).length,
    bridge: existsSync(`/sys/class/net/${at.bridge}`),
    rules: at.hasTable(),
    processes: at.processes().length,
    containers: list(join(at.root, 'containers')),
    // what every container shares stays: the folders and the compiled seccomp filter
    run: list(at.run).filter((name) => /^[0-9a-f]{64}$/.test(name)),
    exits: list(join(at.run, 'exits')),
    states: list(join(at.run, 'state')),
  };
}

it('50 containers started by 10 processes at once answer on ports of their own, and all removed leave nothing', async () => {
  ok('run', '--rm', '-p', `${await freePort()}:80`, 'net:1', 'true'); // the filter's cache, the network's row
  for (let waited = 0; waited < 600 && at.processes().length > 0; waited++) await sleep(100); // its monitor's last command
  const before = footprint();
  // Each of the ten is a shell that types five commands, one after the other.
  const shells = Array.from({ length: 10 }, async (_, shell) => {
    const lines = Array.from(
      { length: 5 },
      (_, n) => `'${bin}' run -d --name c${shell * 5 + n} -p 80 net:1 nc -ll -p 80 -e echo c${shell * 5 + n}`,
    );
    const child = spawn('sh', ['-ec', lines.join('\n')], {
      env: { ...process.env, MICA_ROOT: at.root },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, err };
  });
  expect(await Promise.all(shells)).toEqual(Array(10).fill({ code: 0, err: '' }));

  const rows = ok('ps', '--format', '{{.Names}} {{.Ports}}').split('\n');
  const ports = rows.map((row) => /^(c\d+) 0\.0\.0\.0:(\d+)->80\/tcp$/.exec(row) ?? [row]);
  expect(new Set(ports.map(([, , port]) => port)).size).toBe(50);
  const answers = await Promise.all(ports.map(([, , port]) => ask('127.0.0.1', Number(port))));
  expect(answers).toEqual(ports.map(([, name]) => name));
  expect(at.ports().length).toBe(50);
  const pids = readdirSync(at.run)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((id) => at.pid(id));
  const namespaces = new Set(pids.map((pid) => command('readlink', [`/proc/${pid}/ns/net`])));
  expect(namespaces.size).toBe(50);
  const veths = at.ports();

  // Removed by ten processes at once, too.
  const removals = Array.from({ length: 10 }, (_, shell) =>
    bench.start('store', ['rm', '-f', ...Array.from({ length: 5 }, (_, n) => `c${shell * 5 + n}`)]),
  );
  for (const { code, err } of await Promise.all(removals)) expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(ok('ps', '-aq')).toBe('');
  // The kernel takes namespaces apart, and monitors' exit commands end, a moment after.
  const gone = () =>
    at.processes().length === before.processes && !veths.some((name) => existsSync(`/sys/class/net/${name}`));
  for (let waited = 0; waited < 600 && !gone(); waited++) await sleep(100);
  expect(veths.filter((name) => existsSync(`/sys/class/net/${name}`))).toEqual([]);
  expect(footprint()).toEqual(before);
}, 900_000);
