import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tunnel } from '../../../engine/test/support/tunnel.ts';
import { MicaBench } from '../support/mica.ts';
import { RegistryServer } from '../support/registry.ts';

const bench = new MicaBench();
let registry: RegistryServer;
let proxy: Server;
const asked: string[] = [];
const name = 'registry.example/team/base:2';

/** A registry with TLS that only the proxy finds; its name leads nowhere. */
beforeAll(async () => {
  const files = { certificate: join(bench.dir, 'tls.crt'), key: join(bench.dir, 'tls.key') };
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=here'];
  const about = ['-addext', 'subjectAltName=DNS:registry.example', '-keyout', files.key, '-out', files.certificate];
  execFileSync('openssl', ['req', '-x509', ...kind, ...about], { stdio: 'pipe' });
  registry = await RegistryServer.start('', files);
  proxy = createServer();
  proxy.on('connect', (incoming, socket) => {
    asked.push(String(incoming.url));
    if (incoming.headers['proxy-authorization'] === undefined)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    tunnel(socket, registry.host);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const authorities = join(bench.dir, 'certs.d/registry.example');
  mkdirSync(authorities, { recursive: true });
  writeFileSync(join(authorities, 'ca.crt'), readFileSync(files.certificate));
  await bench.seed('home');
  const { port: at } = proxy.address() as { port: number };
  Object.assign(bench.env, {
    MICA_CERTS_DIR: join(authorities, '..'),
    https_proxy: `http://ann:secret@127.0.0.1:${at}`,
  });
});
afterAll(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await registry?.stop();
  bench.close();
});

it('push and pull go through the proxy that https_proxy names', async () => {
  bench.ok('home', ['tag', 'base:2', name]);
  expect(await bench.start('home', ['push', '-q', name])).toMatchObject({ code: 0, err: '' });
  expect(await bench.start('there', ['pull', '-q', name])).toEqual({ code: 0, out: `${name}\n`, err: '' });
  bench.env.https_proxy = bench.env.https_proxy?.replace('http://', '') ?? ''; // as curl and docker take it
  expect(await bench.start('elsewhere', ['pull', '-q', name])).toEqual({ code: 0, out: `${name}\n`, err: '' });
  expect(new Set(asked)).toEqual(new Set(['registry.example:443']));
});

it('a proxy that is not there: who refused, in one line', async () => {
  bench.env.https_proxy = 'http://127.0.0.1:9';
  const { code, err } = await bench.start('there', ['pull', '-q', name]);
  expect(code).toBe(1);
  expect(err.split('\n')[0]).toBe(
    'mica: GET https://registry.example/v2/team/base/manifests/2: connection refused (127.0.0.1:9)',
  );
});

it('a proxy that wants a password, or forbids: its answer, not that somebody interrupted', async () => {
  const { port } = proxy.address() as { port: number };
  bench.env.https_proxy = `127.0.0.1:${port}`;
  const { code, err } = await bench.start('there', ['pull', '-q', name]);
  expect(code).toBe(1);
  expect(err.split('\n')[0]).toBe(
    'mica: GET https://registry.example/v2/team/base/manifests/2: the proxy refuses: status 407',
  );
});
