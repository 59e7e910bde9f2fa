import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { answering, ask } from '../support/network.ts';
import { NetworkBench } from '../support/network-bench.ts';
import { processesWith } from '../support/processes.ts';
import { patience } from '../support/store.ts';

const [lost, other] = [new NetworkBench(), new NetworkBench()];
beforeAll(async () => {
  for (const bench of [lost, other]) await bench.seed();
});
afterEach(() => other.clear());
afterAll(() => {
  for (const bench of [lost, other]) bench.close();
});

/** Interfaces and table of the lost store: each there or not. */
const left = (...interfaces: string[]) =>
  [...interfaces.map((name) => existsSync(`/sys/class/net/${name}`)), lost.at.hasTable()].join();

const of = (program: string) =>
  processesWith((words) => words[0]?.endsWith(program) === true && words.join(' ').includes(lost.at.run));
const monitors = () => of('conmon');
const servers = () => of('aardvark-dns');

/** All of it ends, and the kernel has taken the containers' interfaces away. */
async function killAll(boxes: readonly number[], ...interfaces: string[]): Promise<void> {
  for (const id of [...monitors(), ...boxes]) process.kill(id, 'SIGKILL');
  await expect.poll(monitors, patience).toEqual([]);
  for (const name of interfaces)
    await expect.poll(() => readdirSync(`/sys/class/net/${name}/brif`), patience).toEqual([]);
}

it('interfaces, ports and name server of a store that was deleted go with the next network of any other store', async () => {
  const port = await freePort();
  const user = `mb-${lost.ok('network', 'create', 'back').slice(0, 12)}`;
  const ids = [
    lost.ok('run', '-d', '-p', `${port}:80`, 'net:1', ...answering(80, 'lost')),
    lost.ok('run', '-d', '--network', 'back', 'net:1', 'sleep', '1000'),
  ];
  expect(await ask('127.0.0.1', port)).toBe('lost');
  const [box, named] = ids.map((id) => lost.at.pid(id)) as [number, number];

  // It is there: another store's network leaves it alone.
  other.ok('run', '--rm', 'net:1', 'true');
  expect(await ask('127.0.0.1', port)).toBe('lost');

  rmSync(lost.at.root, { recursive: true, force: true });
  // Deleted, but a container of it runs: whoever asks that one gets an answer.
  process.kill(named, 'SIGKILL');
  await expect.poll(() => readdirSync(`/sys/class/net/${user}/brif`), patience).toEqual([]);
  other.ok('run', '--rm', 'net:1', 'true');
  expect(await ask('127.0.0.1', port)).toBe('lost');

  await killAll([box], lost.at.bridge);
  expect([left(lost.at.bridge, user), servers().length]).toEqual(['true,true,true', 1]);
  other.ok('run', '--rm', 'net:1', 'true');
  expect(left(lost.at.bridge, user)).toBe('false,false,false');
  await expect.poll(servers, patience).toEqual([]);
});

/** The store is made anew, where it was. */
async function seedAgain(): Promise<void> {
  rmSync(join(lost.dir, 'net-rootfs'), { recursive: true, force: true });
  await lost.seed();
}

it('a store in the place of one that was deleted has a network of its own', async () => {
  await seedAgain();
  const [before, after] = [await freePort(), await freePort()];
  const id = lost.ok('run', '-d', '-p', `${before}:80`, 'net:1', ...answering(80, 'lost'));
  expect(await ask('127.0.0.1', before)).toBe('lost');
  await killAll([lost.at.pid(id)], lost.at.bridge);
  rmSync(lost.at.root, { recursive: true, force: true });
  await seedAgain();
  lost.ok('run', '-d', '-p', `${after}:80`, 'net:1', ...answering(80, 'new'));
  expect(await ask('127.0.0.1', after)).toBe('new');
  expect(await ask('127.0.0.1', before, 0)).toBe('ECONNREFUSED');
  await lost.clear();
});
