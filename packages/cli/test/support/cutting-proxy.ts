import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

/** A proxy before a real registry that ends uploads in the middle, as a bad network does, and notes what was sent. */
export class CuttingProxy {
  /** How many bytes of each PATCH, one after the other, get through before both sides are cut; then all do. */
  readonly cuts: number[] = [];
  readonly patches: { range: string | undefined; sent: number }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(registry: string): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on('request', (incoming, response) => proxy.#pass(registry, incoming, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(registry: string, incoming: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const [hostname, port] = registry.split(':');
    // The Host header goes along as it came: the registry builds its Locations from it.
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    if (method !== 'PATCH') return void incoming.pipe(onward);
    const patch = { range: headers['content-range'], sent: 0 };
    this.patches.push(patch);
    let left = this.cuts.shift() ?? Number.POSITIVE_INFINITY;
    incoming.on('error', () => onward.destroy());
    incoming.on('end', () => onward.end());
    incoming.on('data', (chunk: Buffer) => {
      if (left === 0) return;
      const part = chunk.subarray(0, left);
      left -= part.length;
      patch.sent += part.length;
      incoming.pause();
      onward.write(part, () => {
        if (left > 0) return void incoming.resume();
        incoming.destroy();
        onward.destroy();
      });
    });
  }
}
