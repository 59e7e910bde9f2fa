import type { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { certificatesFor } from './certificates.ts';
import { networkFailure, RegistryFailure } from './failure.ts';
import { isLoopback } from './hosts.ts';

export interface Send {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Record<string, string>;
  /** Made anew for each try. */
  readonly body?: () => Readable | Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
}
export interface Answer {
  readonly status: number;
  readonly url: URL;
  header(name: string): string | undefined;
  headerList(name: string): string[];
  /** The caller reads it to its end or destroys it. */
  readonly body: Readable;
  /** How long {@link readBody} waits for all of it. */
  readonly documentMs: number;
}

export interface Timeouts {
  readonly connectMs: number;
  /** Until the headers of an answer, and between two pieces of its body. A slow body is no fault, a silent one is. */
  readonly idleMs: number;
  /** Until a document (a manifest, a token) is there whole: a few KiB, which only who never ends sends for minutes. */
  readonly documentMs: number;
}
const defaultTimeouts: Timeouts = { connectMs: 15_000, idleMs: 60_000, documentMs: 300_000 };

/** A proxy of the environment; as for curl and Go's programs, HOST:PORT alone is one that speaks HTTP. */
function proxyFor(protocol: 'http' | 'https'): string | undefined {
  const value = process.env[`${protocol}_proxy`] || process.env[`${protocol.toUpperCase()}_PROXY`];
  return value && !value.includes('://') ? `http://${value}` : value;
}

/**
 * Connections to one host and to where it sends us, kept alive between requests; `close` ends them.
 * Certificates are checked unless the host may be insecure, and that is never handed on to another host.
 * Proxies come from the environment, as everywhere; loopback is never proxied, as in Go's programs.
 */
export class Transport {
  readonly #dispatchers = new Map<string, Dispatcher>();
  readonly #insecureHost: string | null;
  readonly #timeouts: Timeouts;

  constructor(insecureHost: string | null, timeouts: Timeouts = defaultTimeouts) {
    this.#insecureHost = insecureHost;
    this.#timeouts = timeouts;
  }

  /** One request, no redirects followed. @throws RegistryFailure, MicaError aborted */
  async send(send: Send): Promise<Answer> {
    const { method, url } = send;
    const what = `${method} ${shown(url)}`;
    try {
      const { statusCode, headers, body } = await this.#dispatcher(url).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': 'mica', 'accept-encoding': 'identity', ...send.headers },
        body: send.body?.() ?? null,
        ...(send.signal ? { signal: send.signal } : {}),
      });
      // Whoever reads the body meets its errors; one that nobody reads any more must not end the process.
      body.on('error', () => {});
      const list = (name: string) => {
        const value = headers[name];
        return value === undefined ? [] : typeof value === 'string' ? [value] : [...value];
      };
      const { documentMs } = this.#timeouts;
      return { status: statusCode, url, header: (name) => list(name)[0], headerList: list, body, documentMs };
    } catch (error) {
      throw networkFailure(what, error);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #dispatcher(url: URL): Dispatcher {
    const known = this.#dispatchers.get(url.origin);
    if (known) return known;
    const { connectMs, idleMs } = this.#timeouts;
    const insecure = url.host === this.#insecureHost;
    const { ca, ...client } = url.protocol === 'https:' ? certificatesFor(url.host) : { ca: [] };
    const own = isLoopback(url.host) && ca.length === 0;
    const authorities = own ? {} : { ca: [...getCACertificates('default'), ...getCACertificates('system'), ...ca] };
    const options = {
      connect: {
        timeout: connectMs,
        ...(url.protocol === 'https:' ? { ...authorities, ...client, rejectUnauthorized: !insecure } : {}),
      },
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      keepAliveTimeout: 30_000,
    };
    const [httpProxy, httpsProxy] = isLoopback(url.host) ? [] : [proxyFor('http'), proxyFor('https')];
    const proxies = { ...(httpProxy ? { httpProxy } : {}), ...(httpsProxy ? { httpsProxy } : {}) };
    const made =
      httpProxy || httpsProxy
        ? new EnvHttpProxyAgent({ ...options, ...proxies, requestTls: options.connect })
        : new Agent(options);
    this.#dispatchers.set(url.origin, made);
    return made;
  }
}

/** Where an answer's Location leads. @throws RegistryFailure when that is nowhere */
export function locationOf(answer: Answer): URL {
  const value = answer.header('location');
  if (value === undefined) throw new RegistryFailure(`${answer.url.pathname}: the registry names no Location`);
  if (!URL.canParse(value, answer.url))
    throw new RegistryFailure(`${answer.url.pathname}: the registry names a Location that is no URL`);
  return new URL(value, answer.url);
}

/** A URL as it may be told: a redirect's query is often a signed permission to read. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** A small answer as a whole. @throws RegistryFailure when it is larger, or does not come to its end */
export async function readBody(answer: Answer, limit: number, what: string): Promise<Buffer> {
  const length = Number(answer.header('content-length') ?? 0);
  const parts: Buffer[] = [];
  let size = 0;
  const late = setTimeout(() => answer.body.destroy(tooSlow(what, answer.documentMs)), answer.documentMs);
  try {
    if (length > limit) throw tooLarge(what, limit);
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) throw tooLarge(what, limit);
      parts.push(part);
    }
  } catch (error) {
    throw networkFailure(what, error);
  } finally {
    clearTimeout(late);
    answer.body.destroy();
  }
  return Buffer.concat(parts);
}

function tooSlow(what: string, ms: number): RegistryFailure {
  return new RegistryFailure(`${what}: not all of the answer came within ${ms / 1000} s`, { code: 'TOO_SLOW' });
}

function tooLarge(what: string, limit: number): RegistryFailure {
  return new RegistryFailure(`${what}: the answer is larger than ${limit} bytes`, { code: 'TOO_LARGE' });
}
