import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseReference } from '../../src/reference/reference.ts';
import { Hosts } from '../../src/registry/hosts.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-hosts-'));
  vi.stubEnv('MICA_REGISTRIES_CONF', join(root, 'registries.conf'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const rules = (text: string) => writeFileSync(join(root, 'registries.conf'), text);
const digest = `sha256:${'a'.repeat(64)}`;
const pull = (name: string, insecure: string[] = []) => new Hosts(insecure).pull(parseReference(name));
const places = (name: string) => pull(name).map(({ host, repository }) => `${host}/${repository}`);

it('the rule of the longest prefix counts, and a prefix ends where a part of the name does', () => {
  rules(`
    [[registry]]
    prefix = "hub.example/team"
    location = "short.example/t"
    [[registry]]
    prefix = "hub.example/team/app"
    location = "long.example/a"
    [[registry]]
    prefix = "hub.example/te"
    location = "part.example/p"
  `);
  expect(places('hub.example/team/app:1')).toEqual(['long.example/a']);
  expect(places('hub.example/team/app/sub:1')).toEqual(['long.example/a/sub']);
  expect(places('hub.example/team/apple:1')).toEqual(['short.example/t/apple']);
  expect(places('hub.example/teams/app:1')).toEqual(['hub.example/teams/app']);
});

it('a mirror for digests alone is asked for no tag, which it may have an old image of', () => {
  rules(`
    [[registry]]
    location = "one.example"
    [[registry.mirror]]
    location = "digests.example"
    pull-from-mirror = "digest-only"
    [[registry.mirror]]
    location = "all.example"
    [[registry]]
    location = "two.example"
    mirror-by-digest-only = true
    [[registry.mirror]]
    location = "digests.example"
  `);
  expect(places('one.example/app:1')).toEqual(['all.example/app', 'one.example/app']);
  expect(places(`one.example/app@${digest}`)).toEqual(['digests.example/app', 'all.example/app', 'one.example/app']);
  expect(places('two.example/app:1')).toEqual(['two.example/app']);
  expect(places(`two.example/app@${digest}`)).toEqual(['digests.example/app', 'two.example/app']);
});

it('a mirror is never pushed to, and has an account of its own; where the registry itself is does not change its account', () => {
  rules(`
    [[registry]]
    prefix = "hub.example"
    location = "real.example"
    [[registry.mirror]]
    location = "mirror.example"
    insecure = true
  `);
  expect(pull('hub.example/app:1')).toEqual([
    { host: 'mirror.example', repository: 'app', insecure: true, mirror: true, account: 'mirror.example' },
    { host: 'real.example', repository: 'app', insecure: false, mirror: false, account: 'hub.example' },
  ]);
  expect(new Hosts().push(parseReference('hub.example/app:1'))).toMatchObject({ host: 'real.example', mirror: false });
});

it('insecure is what is called so, by its own name, and loopback', () => {
  rules('');
  const insecure = (name: string) => pull(name, ['plain.example:5000']).map((one) => one.insecure);
  expect(insecure('plain.example:5000/app:1')).toEqual([true]);
  expect(insecure('plain.example/app:1')).toEqual([false]);
  for (const host of ['localhost:5000', '127.0.0.1:5000', '127.1.2.3', '[::1]:5000'])
    expect(insecure(`${host}/app:1`), host).toEqual([true]);
  for (const host of ['127.0.0.1.example', 'localhost.example:5000'])
    expect(insecure(`${host}/app:1`), host).toEqual([false]);
});
