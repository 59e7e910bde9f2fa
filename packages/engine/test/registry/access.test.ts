import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { parseChallenge } from '../../src/registry/auth.ts';
import { login, logout } from '../../src/registry/login.ts';
import { nameBeside } from '../../src/store/beside.ts';
import { AccessBench, quick } from '../support/access-bench.ts';
import type { Fault } from '../support/fault-registry.ts';

const bench = new AccessBench();
const config = () => readFileSync(join(bench.root, 'docker/config.json'), 'utf8');
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const wantsBasic: Fault = ({ headers }, response) =>
  headers.authorization !== basic('ann', 'secret') &&
  !!response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();

it('login keeps what the registry took, for docker too; pull uses it; logout forgets it', async () => {
  bench.registry.fault = wantsBasic;
  await expect(bench.pull()).rejects.toMatchObject({ code: 'unauthorized', hint: `mica login ${bench.registry.host}` });
  await expect(login(bench.registry.host, { username: 'ann', password: 'wrong' }, quick)).rejects.toMatchObject({
    code: 'unauthorized',
    message: `Get "http://${bench.registry.host}/v2/": unauthorized: incorrect username or password`,
  });
  expect(() => config()).toThrow();
  mkdirSync(join(bench.root, 'docker'));
  writeFileSync(join(bench.root, 'docker/config.json'), '{"detachKeys":"ctrl-x","auths":{"other":{"auth":"eDp5"}}}');
  await login(`http://${bench.registry.host}/v2/`, { username: 'ann', password: 'secret' }, quick);
  expect(JSON.parse(config())).toEqual({
    detachKeys: 'ctrl-x',
    auths: { other: { auth: 'eDp5' }, [bench.registry.host]: { auth: Buffer.from('ann:secret').toString('base64') } },
  });
  expect(statSync(join(bench.root, 'docker/config.json')).mode & 0o777).toBe(0o600);
  await bench.pull();
  expect(await logout(bench.registry.host)).toBe(true);
  expect(await logout(bench.registry.host)).toBe(false);
  expect(config()).not.toContain(bench.registry.host);
});

it("a login, or logout, takes away the password that a killed one left beside docker's file, which may be a link", async () => {
  bench.registry.fault = wantsBasic;
  const folder = join(bench.root, 'docker');
  mkdirSync(join(bench.root, 'dotfiles'));
  mkdirSync(folder);
  writeFileSync(join(bench.root, 'dotfiles/docker.json'), '{}');
  symlinkSync('../dotfiles/docker.json', join(folder, 'config.json'));
  const leave = () =>
    writeFileSync(nameBeside(join(bench.root, 'dotfiles/docker.json')).replace(/-\d+-(?=\w+$)/, '-1-'), 'secret');
  leave();
  await login(bench.registry.host, { username: 'ann', password: 'secret' }, quick);
  expect(readdirSync(join(bench.root, 'dotfiles'))).toEqual(['docker.json']);
  leave();
  await logout(bench.registry.host);
  expect(readdirSync(join(bench.root, 'dotfiles'))).toEqual(['docker.json']);
  expect(readdirSync(folder)).toEqual(['config.json']);
  expect(lstatSync(join(folder, 'config.json')).isSymbolicLink()).toBe(true);
  expect(JSON.parse(config())).toEqual({ auths: {} });
});

it('an identity token is kept instead of the password, and buys access tokens; one that ran out is bought again', async () => {
  let sold = 0;
  bench.registry.fault = ({ path, method, headers, body }, response) => {
    if (path.startsWith('/token') && method === 'GET')
      return !!response.end(
        JSON.stringify({ token: 't', refresh_token: headers.authorization ? 'identity' : undefined }),
      );
    if (path.startsWith('/token')) {
      expect(new URLSearchParams(body.toString()).get('refresh_token')).toBe('identity');
      sold++;
      return !!response.end(JSON.stringify({ access_token: `token-${sold}` }));
    }
    // The first token is good for one request only.
    const good =
      headers.authorization === 'Bearer token-2' ||
      (headers.authorization === 'Bearer token-1' && path.includes('manifests'));
    const challenge = `Bearer realm="http://${bench.registry.host}/token",service="s,1",scope="repository:team/app:pull"`;
    return !good && !!response.writeHead(401, { 'www-authenticate': challenge }).end();
  };
  await login(bench.registry.host, { username: 'ann', password: 'secret' }, quick);
  expect(JSON.parse(config()).auths[bench.registry.host].identitytoken).toBe('identity');
  expect(config()).not.toContain(Buffer.from('ann:secret').toString('base64'));
  await bench.pull();
  expect(sold).toBe(2);
});

it('a credential helper gets its input through a pipe, never in its arguments', async () => {
  bench.registry.fault = wantsBasic;
  const bin = join(bench.root, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'docker-credential-test'),
    `#!/bin/sh\necho "$0 $*" >> ${bench.root}/argv\ncase $1 in\nget) cat > ${bench.root}/asked; [ -f ${bench.root}/kept ] && cat ${bench.root}/kept || { echo "credentials not found in native keychain"; exit 1; } ;;\nstore) cat > ${bench.root}/kept ;;\nerase) rm ${bench.root}/kept ;;\nesac\n`,
  );
  chmodSync(join(bin, 'docker-credential-test'), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  mkdirSync(join(bench.root, 'docker'));
  writeFileSync(join(bench.root, 'docker/config.json'), '{"credsStore":"test"}');
  await expect(bench.pull()).rejects.toMatchObject({ code: 'unauthorized' });
  expect(await login(bench.registry.host, { username: 'ann', password: 'secret' }, quick)).toMatchObject({
    helper: 'test',
  });
  expect(JSON.parse(readFileSync(join(bench.root, 'kept'), 'utf8'))).toEqual({
    ServerURL: bench.registry.host,
    Username: 'ann',
    Secret: 'secret',
  });
  await bench.pull();
  expect(await logout(bench.registry.host)).toBe(true);
  expect(readFileSync(join(bench.root, 'argv'), 'utf8')).not.toMatch(/secret|ann/);
  expect(config()).not.toMatch(/secret/);
  writeFileSync(join(bench.root, 'docker/config.json'), '{"credsStore":"is-not-there"}');
  await expect(bench.pull()).rejects.toMatchObject({ code: 'missing-tool' });
});

it('challenges, as servers write them', () => {
  expect(
    parseChallenge('Bearer realm="https://a/t?x=1,2",service="a \\"b\\"",scope="repository:a/b:pull,push"'),
  ).toEqual({
    scheme: 'bearer',
    realm: 'https://a/t?x=1,2',
    service: 'a "b"',
    scope: 'repository:a/b:pull,push',
  });
  expect(parseChallenge(['Basic realm="x"', 'Bearer realm="y"'])).toMatchObject({ scheme: 'bearer', realm: 'y' });
  expect(parseChallenge('Basic realm="x", Bearer realm="y",service=z')).toMatchObject({ realm: 'y', service: 'z' });
  expect(parseChallenge('Negotiate')).toBeNull();
  expect(parseChallenge(undefined)).toBeNull();
});

it('a registry that does not say where tokens are to be had: told so', async () => {
  bench.registry.fault = (_, response) =>
    !!response.writeHead(401, { 'www-authenticate': 'Bearer service="here"' }).end();
  await expect(bench.pull()).rejects.toMatchObject({
    name: 'MicaError',
    message: expect.stringContaining('asks for a token'),
  });
});
