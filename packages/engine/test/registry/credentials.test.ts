import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CredentialStore } from '../../src/registry/credentials.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-credentials-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** docker's file with that in it. */
function docker(config: object): CredentialStore {
  writeFileSync(join(root, 'config.json'), JSON.stringify(config));
  return new CredentialStore(root);
}
const base64 = (text: string) => Buffer.from(text).toString('base64');
const ann = { kind: 'password', username: 'ann', password: 'pa:ss' };

it.each(['hub.example', 'https://hub.example', 'http://hub.example/v1/', 'hub.example/v2/'])(
  'an entry that is called %s is that host’s, and no other’s',
  async (key) => {
    const store = docker({ auths: { [key]: { auth: base64('ann:pa:ss') } } });
    expect(await store.get('hub.example')).toEqual(ann);
    for (const other of ['hub.example:5000', 'hub.example.org', 'example', 'docker.io'])
      expect(await store.get(other), other).toBeNull();
  },
);

it('an entry of the very name goes before one that only means the host', async () => {
  const store = docker({
    auths: { 'https://hub.example/v1/': { auth: base64('old:old') }, 'hub.example': { auth: base64('ann:pa:ss') } },
  });
  expect(await store.get('hub.example')).toEqual(ann);
});

it('each of the forms that docker has written', async () => {
  const of = (entry: object) => docker({ auths: { 'https://index.docker.io/v1/': entry } }).get('docker.io');
  expect(await of({ username: 'ann', password: 'pa:ss' })).toEqual(ann);
  expect(await of({ auth: base64('ann:pa:ss\0\0') })).toEqual(ann); // padded by an old docker
  expect(await of({ auth: base64('ann:'), identitytoken: 't' })).toMatchObject({ kind: 'identity', token: 't' });
  expect(await of({ registrytoken: 't', auth: base64('ann:x') })).toEqual({ kind: 'bearer', token: 't' });
  expect(await of({})).toBeNull();
  await expect(of({ auth: base64('ann') })).rejects.toMatchObject({ code: 'invalid-format' });
});

it('a helper’s name is a name, and no way to another program', async () => {
  for (const name of ['../x', 'a/b', 'a b'])
    await expect(docker({ credsStore: name }).get('hub.example')).rejects.toMatchObject({ code: 'invalid-format' });
  const own = docker({ credsStore: '../x', credHelpers: { 'hub.example': '' }, auths: { 'hub.example': {} } });
  expect(await own.get('hub.example')).toBeNull();
});

it('what is kept is for its owner’s eyes alone, whatever the umask', async () => {
  const umask = process.umask(0);
  try {
    await new CredentialStore(join(root, 'new')).store('hub.example', {
      kind: 'password',
      username: 'ann',
      password: 'x',
    });
  } finally {
    process.umask(umask);
  }
  expect(statSync(join(root, 'new')).mode & 0o777).toBe(0o700);
  expect(statSync(join(root, 'new/config.json')).mode & 0o777).toBe(0o600);
});
