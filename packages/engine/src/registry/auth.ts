import type { Credential } from './credentials.ts';

/** RFC 9110, section 11.6.1: what a server asks for. */
export interface Challenge {
  readonly scheme: 'bearer' | 'basic';
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string | undefined;
}

/** The strongest challenge of a WWW-Authenticate header: a token before a password. Null when there is none we know. */
export function parseChallenge(header: string | readonly string[] | undefined): Challenge | null {
  const values = typeof header === 'string' ? [header] : (header ?? []);
  const found: Challenge[] = [];
  for (const value of values) {
    for (const [, scheme = '', rest = ''] of value.matchAll(
      /(?:^|,\s*)(bearer|basic)\s+((?:[^",]|"(?:[^"\\]|\\.)*"|,(?!\s*(?:bearer|basic)\s))*)/gi,
    )) {
      const fields = new Map(
        [...rest.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)].map(([, name = '', quoted, plain]) => [
          name.toLowerCase(),
          (quoted ?? plain ?? '').replace(/\\(.)/g, '$1'),
        ]),
      );
      found.push({
        scheme: scheme.toLowerCase() as 'bearer' | 'basic',
        realm: fields.get('realm') ?? '',
        service: fields.get('service'),
        scope: fields.get('scope'),
      });
    }
  }
  return found.find(({ scheme }) => scheme === 'bearer') ?? found[0] ?? null;
}

export interface TokenRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** distribution's token specification (docs/spec/auth/token.md, oauth.md). `scopes` are what is to be done. */
export function tokenRequest(
  challenge: Challenge,
  scopes: readonly string[],
  credential: Credential | null,
  offline = false,
): TokenRequest {
  const url = new URL(challenge.realm);
  if (credential?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      service: challenge.service ?? '',
      client_id: 'mica',
      refresh_token: credential.token,
      scope: scopes.join(' '),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url, method: 'POST', headers, body: form.toString() };
  }
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credential?.kind !== 'password') return { url, method: 'GET', headers: {} };
  url.searchParams.set('account', credential.username);
  if (offline) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', 'mica');
  }
  return { url, method: 'GET', headers: { authorization: basic(credential.username, credential.password) } };
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
