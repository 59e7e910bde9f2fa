import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storedOptions } from '../../src/container/option-shapes.ts';
import { type CreateOptions, Engine } from '../../src/index.ts';

let engine: Engine;
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-options-'));
  engine = new Engine({ root });
  await engine.archives.import(Readable.from([Buffer.alloc(1024)]), { reference: 'base:1' });
});
afterEach(() => {
  engine.close();
  rmSync(root, { recursive: true, force: true });
});

const wrong: readonly (readonly [string, unknown])[] = [
  ['image', 5],
  ['command', 'sleep 5'],
  ['command', ['a\0b']],
  ['env', ['=x']],
  ['env', ['']],
  ['env', ['A=\0']],
  ['labels', ['a=b']],
  ['user', 0],
  ['memory', Number.NaN],
  ['memory', 1.5],
  ['memory', '64m'],
  ['memorySwap', -2],
  ['cpus', '1'],
  ['cpus', Number.POSITIVE_INFINITY],
  ['cpuShares', -1],
  ['shmSize', 1e30],
  ['cgroupParent', 5],
  ['ulimits', [{ name: 'nofile', soft: Number.NaN, hard: 1 }]],
  ['mounts', [{ type: 'foo', target: '/a' }]],
  ['mounts', [{ type: 'bind', source: '/a\0', target: '/a' }]],
  ['ports', [{}]],
  ['ports', [{ protocol: 'tcp', hostIp: '0.0.0.0', hostPorts: null, containerPort: 1e9 }]],
  ['restart', 'always'],
  ['restart', { name: 'always', maximumRetries: 3 }],
  ['restart', { name: 'sometimes', maximumRetries: 0 }],
  ['health', { test: ['CMD', 'true'], interval: 1.5 }],
  ['tty', 'yes'],
];

it.each(wrong)('no container is made of %s: %o', async (name, value) => {
  const options = { image: 'base:1', command: ['a'], network: 'none', [name]: value } as unknown as CreateOptions;
  await expect(engine.containers.create(options)).rejects.toMatchObject({ code: 'invalid-argument', subject: name });
  expect(engine.containers.list(true)).toEqual([]);
});

it('one is made of whatever its type allows, and an update asks the same', async () => {
  const options: CreateOptions = {
    image: 'base:1',
    command: [''],
    env: ['A', 'B=', 'C=='],
    network: 'none',
    memorySwap: -1,
    stopTimeout: -1,
    cpus: 0.5,
    seccomp: null,
    ulimits: [{ name: 'core', soft: -1, hard: -1 }],
    mounts: [{ type: 'tmpfs', target: '/t' }],
  };
  const id = await engine.containers.create(options);
  expect(engine.containers.list(true)).toMatchObject([{ id, status: 'created' }]);
  const update = () => engine.containers.update(id, { cpuQuota: Number.NaN });
  await expect(async () => update()).rejects.toMatchObject({ code: 'invalid-argument', subject: 'cpuQuota' });
  const policy = () => engine.containers.update(id, { restart: { name: 'unless-stopped', maximumRetries: 1 } });
  expect(policy).toThrow(expect.objectContaining({ code: 'invalid-argument', subject: 'restart' }));
});

it('a stored record that is not of these types is damaged; a number out of its bounds is not', () => {
  expect(storedOptions({ image: 'a', memory: 1, cgroupParent: '/x', seccomp: null })).toBe(true);
  expect(storedOptions({ image: 'a', cpuShares: -5 })).toBe(true);
  expect(storedOptions({ image: 'a', cgroupParent: 5 })).toBe(false);
  expect(storedOptions({ image: 'a', env: 'A=1' })).toBe(false);
  expect(storedOptions({ cgroupParent: '/x' })).toBe(false);
});
