import { existsSync, rmSync } from 'node:fs';
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

it('interfaces, ports and name server of a store that was deleted go with the next network of any other store', async () => {
  const port = await freePort();
  const user = `mb-${lost.ok('network', 'create', 'back').slice(0, 12)}`;
  lost.ok('run', '-d', '--name', 'box', '-p', `${port}:80`, 'net:1', ...answering(80, 'lost'));
  lost.ok('run', '-d', '--name', 'named', '--network', 'back', 'net:1', 'sleep', '1000');
  expect(await ask('127.0.0.1', port)).toBe('lost');
  const boxes = ['box', 'named'].map((name) => lost.at.pid(lost.ok('inspect', '-f', '{{.Id}}', name)));

  // It is there: another store's network leaves it alone.
  other.ok('run', '--rm', 'net:1', 'true');
  expect(await ask('127.0.0.1', port)).toBe('lost');

  rmSync(lost.at.root, { recursive: true, force: true });
  // Deleted, but its containers run: whoever asks them gets an answer.
  other.ok('run', '--rm', 'net:1', 'true');
  expect(await ask('127.0.0.1', port)).toBe('lost');

  for (const id of [...monitors(), ...boxes]) process.kill(id, 'SIGKILL');
  await expect.poll(monitors, patience).toEqual([]);
  expect([left(lost.at.bridge, user), servers().length]).toEqual(['true,true,true', 1]);
  other.ok('run', '--rm', 'net:1', 'true');
  expect(left(lost.at.bridge, user)).toBe('false,false,false');
  await expect.poll(servers, patience).toEqual([]);
});
