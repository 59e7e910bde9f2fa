import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RegistryServer } from '../../../cli/test/support/registry.ts';
import { parseChallenge } from '../../src/registry/auth.ts';
import { login, logout } from '../../src/registry/login.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { Transport } from '../../src/registry/transport.ts';
import { nameBeside } from '../../src/store/beside.ts';
import { Store } from '../../src/store/store.ts';
import { type Fault, FaultRegistry } from '../support/fault-registry.ts';
import { tunnel } from '../support/tunnel.ts';

const quick = {
  retry: { tries: 2, firstDelayMs: 1, maxDelayMs: 5, maxRetryAfterMs: 2000 },
  timeouts: { connectMs: 20_000, idleMs: 20_000, documentMs: 60_000 },
};
let root: string;
let registry: FaultRegistry;
let store: Store;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-access-'));
  vi.stubEnv('DOCKER_CONFIG', join(root, 'docker'));
  vi.stubEnv('MICA_REGISTRIES_CONF', join(root, 'registries.conf'));
  vi.stubEnv('MICA_CERTS_DIR', join(root, 'certs.d'));
  registry = await FaultRegistry.start();
  await registry.image('1', [[{ name: 'file', body: 'content' }]]);
  store = Store.open(join(root, 'store'));
});
afterEach(async () => {
  store.close();
  await registry.stop();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const config = () => readFileSync(join(root, 'docker/config.json'), 'utf8');
const name = () => `${registry.host}/team/app:1`;
const pull = () => pullImage(store, name(), quick);
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const wantsBasic: Fault = ({ headers }, response) =>
  headers.authorization !== basic('ann', 'secret') &&
  !!response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();

it('login keeps what the registry took, for docker too; pull uses it; logout forgets it', async () => {
  registry.fault = wantsBasic;
  await expect(pull()).rejects.toMatchObject({ code: 'unauthorized', hint: `mica login ${registry.host}` });
  await expect(login(registry.host, { username: 'ann', password: 'wrong' }, quick)).rejects.toMatchObject({
    code: 'unauthorized',
    message: `Get "http://${registry.host}/v2/": unauthorized: incorrect username or password`,
  });
  expect(() => config()).toThrow();
  mkdirSync(join(root, 'docker'));
  writeFileSync(join(root, 'docker/config.json'), '{"detachKeys":"ctrl-x","auths":{"other":{"auth":"eDp5"}}}');
  await login(`http://${registry.host}/v2/`, { username: 'ann', password: 'secret' }, quick);
  expect(JSON.parse(config())).toEqual({
    detachKeys: 'ctrl-x',
    auths: { other: { auth: 'eDp5' }, [registry.host]: { auth: Buffer.from('ann:secret').toString('base64') } },
  });
  expect(statSync(join(root, 'docker/config.json')).mode & 0o777).toBe(0o600);
  await pull();
  expect(await logout(registry.host)).toBe(true);
  expect(await logout(registry.host)).toBe(false);
  expect(config()).not.toContain(registry.host);
});

it("a login, or logout, takes away the password that a killed one left beside docker's file, which may be a link", async () => {
  registry.fault = wantsBasic;
  const folder = join(root, 'docker');
  mkdirSync(join(root, 'dotfiles'));
  mkdirSync(folder);
  writeFileSync(join(root, 'dotfiles/docker.json'), '{}');
  symlinkSync('../dotfiles/docker.json', join(folder, 'config.json'));
  const leave = () =>
    writeFileSync(nameBeside(join(root, 'dotfiles/docker.json')).replace(/-\d+-(?=\w+$)/, '-1-'), 'secret');
  leave();
  await login(registry.host, { username: 'ann', password: 'secret' }, quick);
  expect(readdirSync(join(root, 'dotfiles'))).toEqual(['docker.json']);
  leave();
  await logout(registry.host);
  expect(readdirSync(join(root, 'dotfiles'))).toEqual(['docker.json']);
  expect(readdirSync(folder)).toEqual(['config.json']);
  expect(lstatSync(join(folder, 'config.json')).isSymbolicLink()).toBe(true);
  expect(JSON.parse(config())).toEqual({ auths: {} });
});

it('an identity token is kept instead of the password, and buys access tokens; one that ran out is bought again', async () => {
  let sold = 0;
  registry.fault = ({ path, method, headers, body }, response) => {
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
    const challenge = `Bearer realm="http://${registry.host}/token",service="s,1",scope="repository:team/app:pull"`;
    return !good && !!response.writeHead(401, { 'www-authenticate': challenge }).end();
  };
  await login(registry.host, { username: 'ann', password: 'secret' }, quick);
  expect(JSON.parse(config()).auths[registry.host].identitytoken).toBe('identity');
  expect(config()).not.toContain(Buffer.from('ann:secret').toString('base64'));
  await pull();
  expect(sold).toBe(2);
});

it('a credential helper gets its input through a pipe, never in its arguments', async () => {
  registry.fault = wantsBasic;
  const bin = join(root, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'docker-credential-test'),
    `#!/bin/sh\necho "$0 $*" >> ${root}/argv\ncase $1 in\nget) cat > ${root}/asked; [ -f ${root}/kept ] && cat ${root}/kept || { echo "credentials not found in native keychain"; exit 1; } ;;\nstore) cat > ${root}/kept ;;\nerase) rm ${root}/kept ;;\nesac\n`,
  );
  chmodSync(join(bin, 'docker-credential-test'), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  mkdirSync(join(root, 'docker'));
  writeFileSync(join(root, 'docker/config.json'), '{"credsStore":"test"}');
  await expect(pull()).rejects.toMatchObject({ code: 'unauthorized' });
  expect(await login(registry.host, { username: 'ann', password: 'secret' }, quick)).toMatchObject({ helper: 'test' });
  expect(JSON.parse(readFileSync(join(root, 'kept'), 'utf8'))).toEqual({
    ServerURL: registry.host,
    Username: 'ann',
    Secret: 'secret',
  });
  await pull();
  expect(await logout(registry.host)).toBe(true);
  expect(readFileSync(join(root, 'argv'), 'utf8')).not.toMatch(/secret|ann/);
  expect(config()).not.toMatch(/secret/);
  writeFileSync(join(root, 'docker/config.json'), '{"credsStore":"is-not-there"}');
  await expect(pull()).rejects.toMatchObject({ code: 'missing-tool' });
});

it('mirrors are asked first, the origin when they fail; a blocked registry is not asked at all', async () => {
  const mirror = await FaultRegistry.start();
  try {
    const rule = (more: string) =>
      writeFileSync(
        join(root, 'registries.conf'),
        `[[registry]]\nprefix = "hub.example/team"\nlocation = "${registry.host}/team"\n${more}\n`,
      );
    rule(`[[registry.mirror]]\nlocation = "${mirror.host}/cache"`);
    await pullImage(store, 'hub.example/team/app:1', quick);
    expect(mirror.requests.map(({ path }) => path)).toContain('/v2/cache/app/manifests/1');
    expect(registry.requests.map(({ path }) => path)).toContain('/v2/team/app/manifests/1');
    expect(store.images.lookup('hub.example/team/app:1')).not.toBeNull();

    registry.requests.length = 0;
    await mirror.image('2', [[{ name: 'other', body: 'content' }]]);
    await pullImage(store, 'hub.example/team/app:2', quick);
    expect(registry.requests).toEqual([]);

    rule('blocked = true');
    await expect(pullImage(store, 'hub.example/team/app:1', quick)).rejects.toMatchObject({
      message: expect.stringContaining('blocked'),
    });
    rule('location = ');
    await expect(pullImage(store, 'hub.example/team/app:1', quick)).rejects.toMatchObject({ code: 'invalid-format' });
  } finally {
    await mirror.stop();
  }
});

it('a mirror that sends wrong bytes, of a layer or of a manifest asked for by digest: the origin is asked', async () => {
  const mirror = await FaultRegistry.start();
  try {
    writeFileSync(
      join(root, 'registries.conf'),
      `[[registry]]\nprefix = "hub.example/team"\nlocation = "${registry.host}/team"\n[[registry.mirror]]\nlocation = "${mirror.host}/team"\n`,
    );
    const { digest } = await mirror.image('1', [[{ name: 'file', body: 'content' }]]);
    for (const [name, bytes] of mirror.blobs)
      mirror.blobs.set(name, Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)]));
    await expect(pullImage(store, 'hub.example/team/app:1', quick)).resolves.toMatchObject({ digest });
    expect(registry.requests.some(({ path }) => path.includes('/blobs/'))).toBe(true);

    const manifest = mirror.manifests.get(digest);
    if (manifest)
      mirror.manifests.set(digest, { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from(' ')]) });
    registry.requests.length = 0;
    await expect(pullImage(store, `hub.example/team/app@${digest}`, quick)).resolves.toMatchObject({ digest });
    expect(registry.requests.some(({ path }) => path.includes('/manifests/'))).toBe(true);
  } finally {
    await mirror.stop();
  }
});

it('TLS: an unknown authority is refused, one of certs.d is taken, and --insecure only for the host it names', async () => {
  const files = { certificate: join(root, 'tls.crt'), key: join(root, 'tls.key') };
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=here',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    files.key,
    '-out',
    files.certificate,
  ]);
  expect(made.status, String(made.stderr)).toBe(0);
  const server = await RegistryServer.start('', files);
  try {
    const reach = async (insecureHost: string | null) => {
      const transport = new Transport(insecureHost, quick.timeouts);
      try {
        const url = new URL(`https://${server.host}/v2/`);
        const answer = await transport.send({ method: 'GET', url, headers: {} });
        answer.body.destroy();
        return answer.status;
      } finally {
        await transport.close();
      }
    };
    await expect(reach(null)).rejects.toMatchObject({ retry: false, message: expect.stringMatching(/self.signed/i) });
    await expect(reach('another.example:443')).rejects.toMatchObject({ retry: false });
    expect(await reach(server.host)).toBe(200);
    const folder = join(root, 'certs.d', server.host);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ca.crt'), readFileSync(files.certificate));
    expect(await reach(null)).toBe(200);
    // Loopback has no TLS first, and TLS when the server says so.
    await expect(pullImage(store, `${server.host}/none:1`, quick)).rejects.toMatchObject({ code: 'no-such-image' });
  } finally {
    await server.stop();
  }
});

it('a proxy of the environment carries what is not loopback', async () => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (incoming, socket) => {
    asked.push(String(incoming.url));
    tunnel(socket, registry.host);
  });
  proxy.on('request', (incoming, answer) => {
    asked.push(String(incoming.url));
    const { pathname: path } = new URL(String(incoming.url));
    const [host, port] = registry.host.split(':');
    const { method, headers } = incoming;
    incoming.pipe(
      request({ host, port, path, method, headers }, (from) => {
        answer.writeHead(from.statusCode ?? 502, from.headers);
        from.pipe(answer);
      }),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as { port: number };
  vi.stubEnv('http_proxy', `http://127.0.0.1:${port}`);
  vi.stubEnv('https_proxy', `http://127.0.0.1:${port}`);
  await pull();
  expect(asked).toEqual([]);
  await pullImage(store, 'registry.invalid:80/team/app:1', { ...quick, insecure: ['registry.invalid:80'] });
  expect(asked).toContain('registry.invalid:80'); // TLS is tried first, through a tunnel
  expect(asked).toContain('http://registry.invalid/v2/team/app/manifests/1');
  proxy.closeAllConnections();
  proxy.close();
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
  registry.fault = (_, response) => !!response.writeHead(401, { 'www-authenticate': 'Bearer service="here"' }).end();
  await expect(pull()).rejects.toMatchObject({
    name: 'MicaError',
    message: expect.stringContaining('asks for a token'),
  });
});
