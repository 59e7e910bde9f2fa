import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a proxy does with a CONNECT, whatever it names: bytes go to and fro between the client and `host`. */
export function tunnel(client: Duplex, host: string): void {
  const [hostname, port] = host.split(':');
  const through = connect({ port: Number(port), ...(hostname ? { host: hostname } : {}) }, () => {
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    through.pipe(client);
    client.pipe(through);
  });
  through.on('error', () => client.destroy());
  client.on('error', () => through.destroy());
}
