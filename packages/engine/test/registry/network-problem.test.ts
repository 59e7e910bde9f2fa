import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { userError } from '../../src/registry/failure.ts';
import { Transport } from '../../src/registry/transport.ts';
import { selfSigned } from '../support/self-signed.ts';

let root: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-problem-'));
  vi.stubEnv('MICA_CERTS_DIR', join(root, 'certs.d'));
});
afterEach(async () => {
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

async function listen(made: Server): Promise<string> {
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(made.address() as AddressInfo).port}`;
}

/** A server with a certificate of its own for `name`. */
function secure(name: string): { made: Server; certificate: Buffer } {
  const { key, certificate } = selfSigned(root, name);
  const files = { key: readFileSync(key), cert: readFileSync(certificate) };
  return { made: createSecure(files, (_, answer) => answer.end()), certificate: files.cert };
}

/** What a user reads of a request with TLS, and whether it would be made again. */
async function told(host: string): Promise<{ message: string; hint: string | undefined; retry: boolean }> {
  const transport = new Transport(null, { connectMs: 20_000, idleMs: 20_000, documentMs: 60_000 });
  try {
    await transport.send({ method: 'GET', url: new URL(`https://${host}/v2/`), headers: {} });
    throw new Error('it was answered');
  } catch (error) {
    const { message, hint } = userError(error, host) as { message: string; hint?: string };
    return { message, hint, retry: (error as { retry: boolean }).retry };
  } finally {
    await transport.close();
  }
}

it('plain HTTP where TLS was asked for: said so, with the way to allow it, and not asked again', async () => {
  const host = await listen(createServer((_, answer) => answer.end()));
  expect(await told(host)).toEqual({
    message: `GET https://${host}/v2/: it answers HTTPS in plain HTTP`,
    hint: expect.stringContaining('--insecure'),
    retry: false,
  });
});

it("a certificate that nobody vouches for: no word of Node's flags", async () => {
  const host = await listen(secure('IP:127.0.0.1').made);
  expect(await told(host)).toEqual({
    message: expect.stringMatching(/: self-signed certificate$/),
    hint: expect.stringContaining('certs.d'),
    retry: false,
  });
});

it('a certificate for another name: to trust it would not help', async () => {
  const { made, certificate } = secure('DNS:other.example');
  const host = await listen(made);
  mkdirSync(join(root, 'certs.d', host), { recursive: true });
  writeFileSync(join(root, 'certs.d', host, 'ca.crt'), certificate);
  expect(await told(host)).toEqual({
    message: expect.stringContaining('does not match certificate'),
    hint: expect.stringMatching(/^call it by a name/),
    retry: false,
  });
});

it("nobody there: docker's words", async () => {
  const host = await listen(createServer());
  await new Promise<void>((resolve) => server?.close(() => resolve()));
  server = undefined;
  expect(await told(host)).toMatchObject({
    message: `GET https://${host}/v2/: connection refused (${host})`,
    retry: false,
  });
});
