import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { LoopbackServer } from '../../../engine/test/support/loopback-server.ts';

/** A proxy before a real registry that ends uploads in the middle, as a bad network does, and notes what was sent. */
export class CuttingProxy extends LoopbackServer {
  /** How many bytes of each PATCH, one after the other, get through before both sides are cut; then all do. */
  readonly cuts: number[] = [];
  readonly patches: { range: string | undefined; sent: number }[] = [];
  readonly #registry: string;

  private constructor(registry: string) {
    super();
    this.#registry = registry;
  }

  static start(registry: string): Promise<CuttingProxy> {
    return new CuttingProxy(registry).listen();
  }

  protected answer(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const [hostname, port] = this.#registry.split(':');
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
