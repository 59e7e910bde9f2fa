import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(() => store.importBase());
afterAll(() => store.remove());

it('Ctrl-C in a push takes the layer that was compressed for it along', async () => {
  let begun = () => {};
  const sending = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const server = createServer((ask, answer) => {
    if (ask.url === '/v2/') return void answer.end('{}');
    if (ask.method === 'HEAD') return void answer.writeHead(404).end();
    begun(); // an upload that is never answered
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}/base:1`;
    store.ok(['tag', 'base:1', name]);
    const push = store.spawn(['push', name]);
    push.stdout.resume();
    const said = text(push.stderr);
    const end = once(push, 'close');
    await Promise.race([sending, end]);
    expect(readdirSync(join(store.root, 'blobs/tmp'))).not.toEqual([]);
    push.kill('SIGINT');
    expect([(await end)[0], await said]).toEqual([130, 'mica: interrupted, not all of it was pushed\n']);
    expect(readdirSync(join(store.root, 'blobs/tmp'))).toEqual([]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
