import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MicaBench } from '../support/mica.ts';
import { Podman } from '../support/podman.ts';

const bench = new MicaBench();
const file = (name: string) => join(bench.dir, name);
let podman: Podman;
const idOf = async (store: string, name: string) =>
  (await bench.okHere(store, ['inspect', '-f', '{{.Id}}', name])).trim();
const layersOf = async (store: string, name: string): Promise<string[]> =>
  JSON.parse(await bench.okHere(store, ['inspect', '-f', '{{json .RootFS.Layers}}', name]));
/** That the image of this name is base:2 as it was at home, and runs. */
async function expectBase2(store: string, name: string): Promise<void> {
  expect(await layersOf(store, name)).toEqual(await layersOf('home', 'base:2'));
  expect(await bench.okHere(store, ['run', '--rm', name, 'sh', '-c', 'cat /etc/numbers; echo /bin/l*'])).toMatch(
    /^1\n(\d+\n)*100000\n\/bin\/l\*\n$/,
  );
}

beforeAll(async () => {
  podman = new Podman(file('podman'));
  await bench.seed('home');
  await bench.okHere('home', ['save', '-o', file('both.tar'), 'base:1', 'base:2']);
  podman.ok(['load', '-i', file('both.tar')]);
});
afterAll(() => {
  podman?.remove();
  bench.close();
});

it('podman loads what Mica saves, with the same IDs and layers', async () => {
  for (const name of ['base:1', 'base:2']) {
    expect(podman.id(`localhost/${name}`)).toBe(await idOf('home', name));
    expect(podman.layers(`localhost/${name}`)).toEqual(await layersOf('home', name));
  }
});

it.each([
  ['one image', ['base:2']],
  ['several (-m)', ['-m', 'base:1', 'base:2']],
])('podman save, docker-archive of %s: the same ID, and it runs', async (what, images) => {
  const archive = file(`${what}.tar`);
  podman.ok(['save', '-q', '-o', archive, ...images]);
  expect(await bench.okHere(what, ['load', '-i', archive])).toContain('Loaded image: localhost/base:2\n');
  expect(await idOf(what, 'localhost/base:2')).toBe(await idOf('home', 'base:2'));
  await expectBase2(what, 'localhost/base:2');
});

// What came into podman as a docker archive it holds in docker's form, and writes a config of its own for OCI.
it('podman save as OCI: the layers as they were, the ID that podman gives it too', async () => {
  for (const format of ['oci-archive', 'oci-dir']) {
    podman.ok(['save', '-q', '--format', format, '-o', file(`as-${format}`), 'base:2']);
    expect(await bench.okHere(format, ['load', '-i', file(`as-${format}`)])).toBe('Loaded image: localhost/base:2\n');
    await expectBase2(format, 'localhost/base:2');
  }
  const other = new Podman(file('podman-too'));
  try {
    other.ok(['load', '-i', file('as-oci-archive')]);
    expect(await idOf('oci-archive', 'localhost/base:2')).toBe(other.id('localhost/base:2'));
    expect(await idOf('oci-dir', 'localhost/base:2')).toBe(other.id('localhost/base:2'));
  } finally {
    other.remove();
  }
});

it('what came into podman as OCI goes back as OCI with its ID and its manifest', async () => {
  const oci = podman.ok(['pull', '-q', `oci-archive:${file('both.tar')}:2`]).trim();
  expect(`sha256:${oci}`).toBe(await idOf('home', 'base:2'));
  podman.ok(['save', '-q', '--format', 'oci-archive', '-o', file('kept.tar'), 'docker.io/library/base:2']);
  expect(await bench.okHere('kept', ['load'], readFileSync(file('kept.tar')))).toBe('Loaded image: base:2\n');
  expect(await idOf('kept', 'base:2')).toBe(await idOf('home', 'base:2'));
  await expectBase2('kept', 'base:2');
});
