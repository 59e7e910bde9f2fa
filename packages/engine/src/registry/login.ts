import type { LoginOptions, LoginResult } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import { parseReference } from '../reference/reference.ts';
import { Connection } from './connection.ts';
import { type Credential, CredentialStore } from './credentials.ts';
import { RegistryFailure, userError } from './failure.ts';
import { Hosts } from './hosts.ts';
import type { Patience } from './open.ts';

/** A registry as a user names it: docker's hub when it is not named, its URL forms included. */
export function serverOf(text: string | undefined): string {
  const host = (text ?? 'docker.io').replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return /^(index\.docker\.io|registry-1\.docker\.io|docker\.io)$/.test(host) ? 'docker.io' : host;
}

/** docker login: asks the registry first, keeps nothing that it refuses. Where the credential is kept now. */
export async function login(
  server: string | undefined,
  account: { readonly username: string; readonly password: string },
  options: LoginOptions & Patience = {},
): Promise<LoginResult> {
  options.signal?.throwIfAborted();
  const host = serverOf(server);
  const credentials = new CredentialStore();
  const endpoint = new Hosts(options.insecure).push(parseReference(`${host}/x`));
  const given: Credential = { kind: 'password', ...account };
  const connection = new Connection({ ...endpoint, account: host }, given, options.timeouts);
  try {
    const identity = await connection.verify(given, options.signal);
    const kept: Credential =
      identity === null ? given : { kind: 'identity', username: account.username, token: identity };
    const { helper } = await credentials.store(host, kept);
    return { server: host, helper, path: credentials.path };
  } catch (error) {
    if (error instanceof RegistryFailure && (error.status === 401 || error.status === 403))
      throw new MicaError(
        'unauthorized',
        `Get "${await connection.root()}v2/": unauthorized: incorrect username or password`,
        {
          subject: host,
          hint: 'try again: mica login -u NAME; some registries want an access token in place of the password',
          cause: error,
        },
      );
    throw userError(error, host);
  } finally {
    await connection.close();
  }
}

/** Whether there was a login to forget. */
export function logout(server: string | undefined): Promise<boolean> {
  return new CredentialStore().erase(serverOf(server));
}
