import { MicaError } from '../error.ts';
import { isObject, parseJsonObject } from '../image/json.ts';
import { basic, type Challenge, parseChallenge, tokenRequest } from './auth.ts';
import type { Credential, CredentialStore } from './credentials.ts';
import { networkFailure, RegistryFailure, statusFailure } from './failure.ts';
import { type Endpoint, isLoopback } from './hosts.ts';
import { type Answer, locationOf, readBody, type Send, shown, type Timeouts, Transport } from './transport.ts';

export interface Ask extends Omit<Send, 'url' | 'headers'> {
  /** Below the registry's root (`/v2/…`), or the whole of what a Location said. */
  readonly path: string | URL;
  readonly headers?: Record<string, string>;
  /** What is to be done, as token servers call it: `repository:library/x:pull`. */
  readonly scopes: readonly string[];
}

const maxRedirects = 10;

/**
 * Speaks to one registry: finds out whether it has TLS, answers its challenges, follows its redirects.
 * Credentials go to the registry itself and to the token server that it names, never to where a redirect
 * leads. One connection, one account; `close` ends it.
 */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #credentials: CredentialStore | Credential | null;
  readonly #transport: Transport;
  /** Authorization by scopes. A token that ran out is asked for again. */
  readonly #authorization = new Map<string, string>();
  readonly #asking = new Map<string, Promise<string | null>>();
  #root: Promise<URL> | undefined;

  constructor(endpoint: Endpoint, credentials: CredentialStore | Credential | null, timeouts?: Timeouts) {
    this.endpoint = endpoint;
    this.#credentials = credentials;
    this.#transport = new Transport(endpoint.insecure ? endpoint.host : null, timeouts);
  }

  /** An answer of any status but 401, 3xx and a failed connection. @throws RegistryFailure, MicaError */
  async ask(ask: Ask): Promise<Answer> {
    const root = await this.root();
    const start = new URL(ask.path, root);
    const key = ask.scopes.join(' ');
    let answer = await this.#follow(ask, start, this.#authorization.get(key));
    if (answer.status !== 401) return answer;
    const challenge = parseChallenge(answer.headerList('www-authenticate'));
    const body = await readBody(answer, 1 << 16, shown(start));
    const refused = () => statusFailure(`${ask.method} ${shown(answer.url)}`, 401, body.toString(), undefined);
    // Where a redirect or a Location leads may ask for a password, too: nobody there is told one, nor whom to ask for a token.
    if (challenge === null || answer.url.origin !== root.origin) throw refused();
    const authorization = await this.#authorize(challenge, ask.scopes, ask.signal);
    if (authorization === null) throw refused();
    answer = await this.#follow(ask, start, authorization);
    if (answer.status === 401) {
      answer.body.destroy();
      this.#authorization.delete(key);
      throw refused();
    }
    return answer;
  }

  /** The URL below which the registry answers; a URL of another origin is no business of its credentials. */
  root(): Promise<URL> {
    this.#root ??= this.#findRoot().catch((error) => {
      this.#root = undefined;
      throw error;
    });
    return this.#root;
  }

  /** docker login: whether the registry takes the credential, and the identity token it gives for it. */
  async verify(credential: Credential, signal?: AbortSignal): Promise<string | null> {
    const root = await this.root();
    const url = new URL('/v2/', root);
    const answer = await this.#transport.send({ method: 'GET', url, headers: {}, signal });
    await readBody(answer, 1 << 16, shown(url));
    if (answer.status === 200) return null;
    const challenge = parseChallenge(answer.headerList('www-authenticate'));
    if (answer.status !== 401 || challenge === null)
      throw statusFailure(`GET ${shown(url)}`, answer.status, '', undefined);
    if (challenge.scheme === 'bearer') {
      const { refresh } = await this.#token(challenge, [], credential, signal, true);
      return refresh;
    }
    const authorization = credential.kind === 'password' ? basic(credential.username, credential.password) : '';
    const second = await this.#transport.send({ method: 'GET', url, headers: { authorization }, signal });
    const body = await readBody(second, 1 << 16, shown(url));
    if (second.status !== 200) throw statusFailure(`GET ${shown(url)}`, second.status, body.toString(), undefined);
    return null;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #findRoot(): Promise<URL> {
    const { host, insecure } = this.endpoint;
    const secure = new URL(`https://${host}/`);
    const plain = new URL(`http://${host}/`);
    if (!insecure) return secure;
    // Nobody listens on loopback, and what is there has rarely TLS; anywhere else TLS is preferred.
    const [first, second] = isLoopback(host) ? [plain, secure] : [secure, plain];
    try {
      const answer = await this.#transport.send({ method: 'GET', url: new URL('/v2/', first), headers: {} });
      answer.body.destroy();
      // A Go server with TLS says so, in plain words, to who speaks to it without.
      return first === plain && answer.status === 400 ? second : first;
    } catch (error) {
      // Only something that speaks the other language is asked again in it.
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (!/^(EPROTO|ECONNRESET|ERR_SSL_.*|UND_ERR_SOCKET|HPE_.*)$/.test(code ?? '')) throw error;
      return second;
    }
  }

  async #follow(ask: Ask, start: URL, authorization: string | undefined): Promise<Answer> {
    const root = await this.root();
    let url = start;
    for (let hops = 0; ; hops++) {
      const trusted = url.origin === root.origin;
      const headers = { ...ask.headers, ...(trusted && authorization ? { authorization } : {}) };
      const answer = await this.#transport.send({ ...ask, url, headers });
      const moved = [301, 302, 303, 307, 308].includes(answer.status) && answer.header('location') !== undefined;
      if (!moved || (ask.method !== 'GET' && ask.method !== 'HEAD')) return answer;
      answer.body.destroy();
      if (hops >= maxRedirects)
        throw new RegistryFailure(`${ask.method} ${shown(start)}: more than ${maxRedirects} redirects`);
      const next = locationOf(answer);
      if (next.protocol !== 'https:' && !(next.protocol === 'http:' && url.protocol === 'http:'))
        throw new RegistryFailure(`${ask.method} ${shown(start)}: redirected to ${shown(next)}, which is not secure`);
      url = next;
    }
  }

  async #authorize(challenge: Challenge, scopes: readonly string[], signal?: AbortSignal): Promise<string | null> {
    const key = scopes.join(' ');
    // Layers ask side by side: one token serves them all.
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#answer(challenge, scopes, signal).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    const authorization = await asking;
    if (authorization !== null) this.#authorization.set(key, authorization);
    return authorization;
  }

  async #answer(challenge: Challenge, scopes: readonly string[], signal?: AbortSignal): Promise<string | null> {
    const source = this.#credentials;
    const credential = source !== null && 'get' in source ? await source.get(this.endpoint.account) : source;
    if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
    if (challenge.scheme === 'basic')
      return credential?.kind === 'password' ? basic(credential.username, credential.password) : null;
    const wanted = [...new Set([...scopes, ...(challenge.scope ?? '').split(' ').filter(Boolean)])];
    return `Bearer ${(await this.#token(challenge, wanted, credential, signal)).token}`;
  }

  async #token(
    challenge: Challenge,
    scopes: readonly string[],
    credential: Credential | null,
    signal?: AbortSignal,
    offline = false,
  ): Promise<{ token: string; refresh: string | null }> {
    const root = await this.root();
    if (!URL.canParse(challenge.realm))
      throw new RegistryFailure(`${this.endpoint.host} asks for a token, but not where it is to be had`);
    const { url, method, headers, body } = tokenRequest(challenge, scopes, credential, offline);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (root.protocol === 'http:' || isLoopback(url.host))))
      throw new MicaError('unauthorized', `${this.endpoint.host} names a token server without TLS: ${shown(url)}`, {
        subject: this.endpoint.host,
        hint: 'nothing was sent to it; the registry has to offer https',
      });
    const what = `${method} ${shown(url)}`;
    const answer = await this.#transport.send({ method, url, headers, signal, ...(body ? { body: () => body } : {}) });
    const bytes = await readBody(answer, 1 << 20, what);
    if (answer.status !== 200) throw statusFailure(what, answer.status, bytes.toString(), answer.header('retry-after'));
    const raw = parseJsonObject(bytes, 'token', 1 << 20);
    const token = typeof raw.token === 'string' && raw.token !== '' ? raw.token : raw.access_token;
    if (!isObject(raw) || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
      throw networkFailure(what, new RegistryFailure(`${what}: the answer holds no token`));
    return { token, refresh: typeof raw.refresh_token === 'string' ? raw.refresh_token : null };
  }
}
