import type { IncomingMessage, ServerResponse } from 'node:http';
import { digestOf } from './fault-registry.ts';
import { LoopbackServer } from './loopback-server.ts';

/**
 * A registry in memory that takes uploads as distribution-spec has them, "Pushing a blob in chunks": it keeps
 * what came before a cut, and tells how much that is. Debian's own forgets it.
 */
export class UploadRegistry extends LoopbackServer {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, Buffer>();
  /** How many bytes of each PATCH that has more, one after the other, are taken before the connection is cut. */
  readonly cuts: number[] = [];
  /** How many more sessions are forgotten, each at the first request of this method that goes on with it. */
  readonly forgets: ('PATCH' | 'PUT')[] = [];
  /** Answers each request that begins an upload, in its stead. */
  onUpload: ((response: ServerResponse) => void) | undefined;
  /** Where each PATCH began. */
  readonly starts: number[] = [];
  readonly #uploads = new Map<string, Buffer[]>();

  static start(): Promise<UploadRegistry> {
    return new UploadRegistry().listen();
  }

  /** Bytes that came in requests, those of cut ones included. */
  taken = 0;

  protected answer(request: IncomingMessage, response: ServerResponse): void {
    // A request that was cut has no answer.
    this.#answer(request, response).catch(() => response.destroy());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${this.host}`);
    const last = pathname.slice(pathname.lastIndexOf('/') + 1);
    const say = (status: number, headers: Record<string, string> = {}) => response.writeHead(status, headers).end();
    if (pathname === '/v2/') return void say(200);
    if (request.method === 'HEAD') return void say(this.blobs.has(last) ? 200 : 404);
    if (pathname.includes('/manifests/')) {
      const bytes = Buffer.concat(await request.toArray());
      this.manifests.set(last, bytes);
      return void say(201, { 'docker-content-digest': digestOf(bytes) });
    }
    const location = (id: string) => ({ location: `/v2/up/blobs/uploads/${id}` });
    if (request.method === 'POST' && this.onUpload) return void this.onUpload(response);
    if (request.method === 'POST') {
      const id = crypto.randomUUID();
      this.#uploads.set(id, []);
      return void say(202, location(id));
    }
    const parts = this.#uploads.get(last);
    if (parts === undefined) return void say(404);
    if (request.method === this.forgets[0] && parts.length > 0) {
      this.forgets.shift();
      this.#uploads.delete(last);
      request.resume();
      const errors = [{ code: 'BLOB_UPLOAD_UNKNOWN', message: 'blob upload unknown to registry' }];
      return void response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
    }
    const size = () => parts.reduce((sum, { length }) => sum + length, 0);
    const state = () => ({ ...location(last), range: `0-${Math.max(0, size() - 1)}` });
    if (request.method === 'GET') return void say(204, state());
    if (request.method === 'PATCH') {
      const from = Number(request.headers['content-range']?.split('-')[0] ?? 0);
      if (from !== size()) return void say(416, state());
      this.starts.push(from);
      await this.#take(request, parts);
      return void say(202, state());
    }
    const bytes = Buffer.concat(parts);
    const digest = searchParams.get('digest') ?? '';
    if (digestOf(bytes) !== digest) return void say(400);
    this.blobs.set(digest, bytes);
    say(201);
  }

  async #take(request: IncomingMessage, parts: Buffer[]): Promise<void> {
    // One that is shorter than the cut leaves it to the next: the config may come before the layer.
    const isCut = Number(request.headers['content-length']) > (this.cuts[0] ?? Number.POSITIVE_INFINITY);
    let left = (isCut ? this.cuts.shift() : undefined) ?? Number.POSITIVE_INFINITY;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      this.taken += part.length;
      parts.push(part);
      if (left === 0) throw new Error('cut');
    }
  }
}
