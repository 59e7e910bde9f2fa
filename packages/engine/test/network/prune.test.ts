import { afterEach, beforeEach, expect, it } from 'vitest';
import { file } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

it('prune leaves a network that a container came on while it looked', async () => {
  const { engine } = bench;
  await bench.importEntries([file('f')], 'base:1');
  for (const name of ['back', 'front']) engine.networks.create(name);
  const id = await engine.containers.create({ image: 'base:1', name: 'box', command: ['true'] });
  const removed = engine.networks.prune(({ name }) => {
    if (name === 'back') engine.containers.connect('back', 'box');
    return false;
  });
  expect(removed).toEqual(['front']);
  expect(engine.networks.inspect('back').name).toBe('back');
  await engine.containers.remove(id);
  expect(engine.networks.prune()).toEqual(['back']);
});

it('a network that goes while a container is made for it: no container on what is not there', async () => {
  const { engine } = bench;
  await bench.importEntries([file('f')], 'base:1');
  engine.networks.create('back');
  const asked = {
    image: 'base:1',
    command: ['true'],
    network: 'back',
    labels: {
      // Read after the network was looked up.
      get app() {
        engine.networks.prune();
        return 'web';
      },
    },
  };
  await expect(engine.containers.create(asked)).rejects.toMatchObject({ code: 'no-such-network' });
  expect(engine.containers.list(true)).toEqual([]);
});
