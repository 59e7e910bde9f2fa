import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { RegistryServer } from '../../../cli/test/support/registry.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { Transport } from '../../src/registry/transport.ts';
import { AccessBench, quick } from '../support/access-bench.ts';
import { selfSigned } from '../support/self-signed.ts';
import { tunnel } from '../support/tunnel.ts';

const bench = new AccessBench();

it('TLS: an unknown authority is refused, one of certs.d is taken, and --insecure only for the host it names', async () => {
  const files = selfSigned(bench.root);
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
    const folder = join(bench.root, 'certs.d', server.host);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ca.crt'), readFileSync(files.certificate));
    expect(await reach(null)).toBe(200);
    // Loopback has no TLS first, and TLS when the server says so.
    await expect(pullImage(bench.store, `${server.host}/none:1`, quick)).rejects.toMatchObject({
      code: 'no-such-image',
    });
  } finally {
    await server.stop();
  }
});

it('a proxy of the environment carries what is not loopback', async () => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (incoming, socket) => {
    asked.push(String(incoming.url));
    tunnel(socket, bench.registry.host);
  });
  proxy.on('request', (incoming, answer) => {
    asked.push(String(incoming.url));
    const { pathname: path } = new URL(String(incoming.url));
    const [host, port] = bench.registry.host.split(':');
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
  await bench.pull();
  expect(asked).toEqual([]);
  await pullImage(bench.store, 'registry.invalid:80/team/app:1', { ...quick, insecure: ['registry.invalid:80'] });
  expect(asked).toContain('registry.invalid:80'); // TLS is tried first, through a tunnel
  expect(asked).toContain('http://registry.invalid/v2/team/app/manifests/1');
  proxy.closeAllConnections();
  proxy.close();
});
