import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { Store } from '../../src/store/store.ts';
import { quick } from '../support/fault-bench.ts';
import { selfSigned } from '../support/self-signed.ts';

// A registry with TLS that leads to where there is none.

let root: string;
let server: Server;
let store: Store;
let host: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-downgrade-'));
  const { key, certificate } = selfSigned(root);
  server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (incoming, response) =>
    answer(incoming, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('DOCKER_CONFIG', root);
  const auth = Buffer.from('ann:secret').toString('base64');
  writeFileSync(join(root, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  mkdirSync(join(root, 'store'));
  store = Store.open(join(root, 'store'));
});
beforeEach(() => {
  answer = (_, response) => void response.writeHead(404).end();
});
afterAll(async () => {
  store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const pull = () => pullImage(store, `${host}/team/app:1`, quick);

it('a token server without TLS is sent no password', async () => {
  answer = (_, response) =>
    void response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://token.invalid/token"' }).end();
  await expect(pull()).rejects.toMatchObject({
    code: 'unauthorized',
    message: `${host} names a token server without TLS: http://token.invalid/token`,
    hint: expect.stringContaining('nothing was sent to it'),
  });
});

it.each(['http://elsewhere.invalid/x', 'ftp://elsewhere.invalid/x', 'file:///etc/passwd'])(
  'a redirect to %s is not followed',
  async (location) => {
    answer = ({ url }, response) =>
      void (url === '/v2/' ? response.end('{}') : response.writeHead(307, { location }).end());
    await expect(pull()).rejects.toMatchObject({
      code: 'registry-failed',
      message: expect.stringMatching(/redirected to .*, which is not secure/),
    });
  },
);

it('redirects that lead in a circle are left', async () => {
  let asked = 0;
  answer = ({ url = '' }, response) => {
    if (url === '/v2/') return void response.end('{}');
    asked++;
    // An end, far off: who follows all of them comes to it.
    if (asked > 50) response.writeHead(404).end();
    else response.writeHead(307, { location: url }).end();
  };
  await expect(pull()).rejects.toMatchObject({ message: expect.stringContaining('more than 10 redirects') });
  expect(asked).toBe(11);
});
