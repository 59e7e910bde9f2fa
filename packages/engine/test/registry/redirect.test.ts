import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { faultBench, quick } from '../support/fault-bench.ts';
import { FaultRegistry } from '../support/fault-registry.ts';

const bench = faultBench();

it('a redirect to another host, without the credentials; a token server in between', async () => {
  const elsewhere = await FaultRegistry.start();
  try {
    for (const bytes of bench.now.registry.blobs.values()) elsewhere.blob(bytes);
    mkdirSync(join(bench.now.root, 'docker'));
    const auth = Buffer.from('ann:pa55word-secret').toString('base64');
    writeFileSync(
      join(bench.now.root, 'docker/config.json'),
      JSON.stringify({ auths: { [bench.now.registry.host]: { auth } } }),
    );
    let tokens = 0;
    await bench.now.pulls((request, response) => {
      const { headers, path } = request;
      if (path.startsWith('/token')) {
        expect(headers.authorization).toBe(`Basic ${auth}`);
        const scopes = new URL(path, 'http://here').searchParams.getAll('scope');
        expect(scopes).toEqual(['repository:team/app:pull', 'what:the/registry:wants']);
        tokens++;
        return !!response.end(JSON.stringify({ token: 'token-of-ann' }));
      }
      if (headers.authorization !== 'Bearer token-of-ann') {
        const challenge = `Bearer realm="http://${bench.now.registry.host}/token",service="here",scope="what:the/registry:wants repository:team/app:pull"`;
        return !!response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
      if (!path.includes('/blobs/')) return false;
      return !!response.writeHead(307, { location: `http://${elsewhere.host}${path}?signature=private` }).end();
    });
    expect(tokens).toBe(1);
    expect(elsewhere.requests.length).toBeGreaterThan(2);
    for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
    // Neither the password nor the token is anywhere in the store.
    for (const file of readdirSync(join(bench.now.root, 'store'), { recursive: true, withFileTypes: true }))
      if (file.isFile()) {
        const bytes = readFileSync(join(file.parentPath, file.name));
        for (const secret of ['pa55word-secret', auth, 'token-of-ann'])
          expect(bytes.includes(secret), file.name).toBe(false);
      }
    // Nor in an error, whatever fails.
    rmSync(join(bench.now.root, 'store'), { recursive: true });
    bench.now.registry.fault = ({ path }, response) =>
      !!(
        path.startsWith('/token')
          ? response.writeHead(500)
          : response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${bench.now.registry.host}/token"` })
      ).end();
    const store = bench.now.open();
    const error = await pullImage(store, bench.now.name(), quick).catch((thrown: unknown) => thrown);
    store.close();
    for (const secret of ['pa55word-secret', auth])
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  } finally {
    await elsewhere.stop();
  }
});

it.each(['Basic realm="x"', 'Bearer realm="http://HOST/token",service="here"'])(
  'where a redirect leads asks for a password (%s): nobody is given one',
  async (challenge) => {
    const elsewhere = await FaultRegistry.start();
    try {
      mkdirSync(join(bench.now.root, 'docker'));
      const auth = Buffer.from('ann:pa55word-secret').toString('base64');
      writeFileSync(
        join(bench.now.root, 'docker/config.json'),
        JSON.stringify({ auths: { [bench.now.registry.host]: { auth } } }),
      );
      elsewhere.fault = ({ path }, response) =>
        !!(
          path.startsWith('/token')
            ? response
            : response.writeHead(401, { 'www-authenticate': challenge.replace('HOST', elsewhere.host) })
        ).end('{"token":"t"}');
      await bench.now.refuses(
        ({ path }, response) =>
          path.includes('/blobs/') && !!response.writeHead(307, { location: `http://${elsewhere.host}${path}` }).end(),
        { code: 'unauthorized' },
      );
      expect(elsewhere.requests.length).toBeGreaterThan(0);
      for (const { path, headers } of [...elsewhere.requests, ...bench.now.registry.requests])
        expect([path.startsWith('/token'), headers.authorization]).toEqual([false, undefined]);
    } finally {
      await elsewhere.stop();
    }
  },
);
