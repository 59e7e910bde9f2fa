import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { LoopbackServer } from './loopback-server.ts';
import { makeTar, type TarEntry } from './tar.ts';

export const digestOf = (bytes: Uint8Array | string) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
/** Answers, or returns false to let the registry answer as it should. */
export type Fault = (request: Request, response: ServerResponse) => boolean | undefined;

/** A registry of one test, in memory, that does what it is told wrong. It notes every request and every byte sent. */
export class FaultRegistry extends LoopbackServer {
  readonly requests: Request[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { bytes: Buffer; mediaType: string }>();
  /** Bytes of blobs that were sent. */
  sent = 0;
  fault: Fault = () => false;

  static start(): Promise<FaultRegistry> {
    return new FaultRegistry().listen();
  }

  blob(bytes: Buffer): { digest: `sha256:${string}`; size: number } {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  manifest(document: object | Buffer, tag: string, mediaType = 'application/vnd.oci.image.manifest.v1+json'): string {
    const bytes = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
    this.manifests.set(tag, { bytes, mediaType });
    this.manifests.set(digestOf(bytes), { bytes, mediaType });
    return digestOf(bytes);
  }

  /** An image of one gzip layer for each list of entries. */
  async image(tag: string, layers: readonly (readonly TarEntry[])[]): Promise<{ layers: Buffer[]; digest: string }> {
    const tars = await Promise.all(layers.map((entries) => makeTar(entries)));
    const blobs = tars.map((tar) => gzipSync(tar));
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: tars.map(digestOf) } }),
    );
    const digest = this.manifest(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...this.blob(config) },
        layers: blobs.map((bytes) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          ...this.blob(bytes),
        })),
        'x-unknown': { kept: true },
      },
      tag,
    );
    return { layers: blobs, digest };
  }

  /** What the blob's request asks for: status, headers and bytes. */
  part(request: Request, bytes: Buffer): { status: number; headers: Record<string, string>; bytes: Buffer } {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const end = Number(/^bytes=\d+-(\d+)$/.exec(request.headers.range ?? '')?.[1] ?? bytes.length - 1) + 1;
    const part = bytes.subarray(from, end);
    const ranged = request.headers.range !== undefined;
    return {
      status: ranged ? 206 : 200,
      headers: {
        'content-length': String(part.length),
        ...(ranged ? { 'content-range': `bytes ${from}-${end - 1}/${bytes.length}` } : {}),
      },
      bytes: part,
    };
  }

  protected answer(incoming: IncomingMessage, response: ServerResponse): void {
    void this.#serve(incoming, response);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(parts) };
    this.requests.push(request);
    if (this.fault(request, response)) return;
    if (path === '/v2/') return void response.end('{}');
    const [, kind, at = ''] = /\/(manifests|blobs)\/([^/?]+)(?:\?.*)?$/.exec(path) ?? [];
    const manifest = kind === 'manifests' ? this.manifests.get(at) : undefined;
    const blob = kind === 'blobs' ? this.blobs.get(at) : undefined;
    if (manifest) {
      response.setHeader('content-type', manifest.mediaType);
      response.setHeader('docker-content-digest', digestOf(manifest.bytes));
      response.setHeader('content-length', manifest.bytes.length);
      return void response.end(method === 'HEAD' ? undefined : manifest.bytes);
    }
    if (blob) {
      const { status, headers: own, bytes } = this.part(request, blob);
      response.writeHead(status, own);
      if (method !== 'HEAD') this.sent += bytes.length;
      return void response.end(method === 'HEAD' ? undefined : bytes);
    }
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        errors: [{ code: kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN', message: 'unknown' }],
      }),
    );
  }
}
