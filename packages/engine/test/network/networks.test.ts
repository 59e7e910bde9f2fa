import { afterEach, beforeEach, expect, it } from 'vitest';
import { MicaError } from '../../src/index.ts';
import { file } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';

let bench: ImageBench;
beforeEach(async () => {
  bench = new ImageBench();
  await bench.importEntries([file('f')], 'base:1');
});
afterEach(() => bench.close());

// What docker 28 says of the same commands.
it('a container without a namespace of its own, or without networks, comes on no network', async () => {
  const { engine } = bench;
  engine.networks.create('back');
  const sharing =
    'container sharing network namespace with another container or host cannot be connected to any other network';
  const single = 'container cannot be connected to multiple networks with one of the networks in private (none) mode';
  const byHost = 'container cannot be disconnected from host network or connected to host network';
  const make = (name: string, network: string) =>
    engine.containers.create({ image: 'base:1', name, command: ['true'], network });
  const ids = new Map<string, string>();
  for (const [name, network] of [
    ['on-none', 'none'],
    ['on-host', 'host'],
    ['on-bridge', 'bridge'],
    ['on-other', 'container:on-bridge'],
  ] as const)
    ids.set(name, await make(name, network));
  const cases: [verb: 'connect' | 'disconnect', network: string, container: string, message: string][] = [
    ['connect', 'back', 'on-none', single],
    ['connect', 'none', 'on-bridge', single],
    ['connect', 'back', 'on-host', sharing],
    ['connect', 'back', 'on-other', sharing],
    ['connect', 'host', 'on-bridge', byHost],
    ['disconnect', 'host', 'on-host', byHost],
    ['disconnect', 'host', 'on-bridge', `container ${ids.get('on-bridge')} is not connected to network host`],
    ['disconnect', 'none', 'on-bridge', `container ${ids.get('on-bridge')} is not connected to network none`],
    ['disconnect', 'none', 'on-none', 'container cannot be disconnected from none network'],
    ['disconnect', 'back', 'on-none', `container ${ids.get('on-none')} is not connected to network back`],
  ];
  for (const [verb, network, container, message] of cases) {
    const refused = (() => {
      try {
        engine.containers[verb](network, container);
      } catch (error) {
        return error;
      }
    })();
    expect(refused, `${verb} ${network} ${container}`).toBeInstanceOf(MicaError);
    expect(refused).toMatchObject({ code: 'conflict', message, exitCode: 1 });
  }
  engine.containers.connect('back', 'on-bridge');
  expect(engine.containers.list(true).find(({ name }) => name === 'on-bridge')?.networks).toEqual(['bridge', 'back']);
});

it('the first and the last address of a network are given to nobody', async () => {
  const { engine } = bench;
  const { networks } = engine;
  const make = (subnet: string, gateway: string) => networks.create('back', { subnet, gateway });
  for (const [subnet, gateway] of [
    ['10.213.78.0/24', '10.213.78.0'],
    ['10.213.78.0/24', '10.213.78.255'],
    ['10.213.78.0/30', '10.213.78.3'],
  ] as const)
    expect(() => make(subnet, gateway), gateway).toThrow(
      `failed to allocate gateway (${gateway}): Address already in use`,
    );
  expect(() => make('10.213.78.0/24', '10.213.79.1')).toThrow('no matching subnet for gateway 10.213.79.1');
  expect(networks.list().map(({ name }) => name)).not.toContain('back');
  make('10.213.78.0/30', '10.213.78.2');
  expect(networks.inspect('back').gateway).toBe('10.213.78.2');
  const create = (ip: string) => engine.containers.create({ image: 'base:1', command: ['true'], network: 'back', ip });
  for (const ip of ['10.213.78.0', '10.213.78.3']) await expect(create(ip)).rejects.toThrow('Address already in use');
  expect(engine.containers.list(true)).toEqual([]);
});
