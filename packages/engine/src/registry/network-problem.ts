/** A connection that failed, told for who runs `mica`: the words of Node and OpenSSL are for programmers. */
export interface NetworkProblem {
  readonly said: string;
  /** What to do about it, where that is known. */
  readonly hint?: string;
  /** Whether asking again may help. */
  readonly retry: boolean;
}

/** Where what the caller trusts is written down for good. */
const trusted = 'name it with --insecure or set insecure = true for it in registries.conf';

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
};

/** By the error's code, Node's or OpenSSL's. */
export function networkProblem(error: NodeJS.ErrnoException): NetworkProblem {
  const code = error.code ?? '';
  const message = error.message.split('\n')[0] ?? ''; // OpenSSL's end with a newline
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return {
      said: 'it answers HTTPS in plain HTTP',
      hint: `if this registry may go without TLS, ${trusted}`,
      retry: false,
    };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { said: message, hint: `call it by a name that its certificate has, or ${trusted}`, retry: false };
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return { said: message, hint: `check this machine's clock; a new certificate helps, or ${trusted}`, retry: false };
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return {
      said: message.split('; if the root CA')[0] ?? message, // the rest is about Node's own flags
      hint: `put the registry's CA into /etc/docker/certs.d/HOST[:PORT]/ca.crt, or ${trusted}`,
      retry: false,
    };
  // undici calls it an abort.
  const refusal = /^Proxy response \((\d+)\)/.exec(message)?.[1];
  if (refusal !== undefined)
    return {
      said: `the proxy refuses: status ${refusal}`,
      hint: 'look at https_proxy (http://USER:PASSWORD@HOST:PORT) and no_proxy in the environment',
      retry: false,
    };
  const nobody = unreachable[code];
  if (nobody === undefined)
    return { said: code !== '' && !message.includes(code) ? `${message} (${code})` : message, retry: true };
  // Who it was: perhaps a proxy, not the registry.
  const { address, port, hostname } = error as { address?: string; port?: number; hostname?: string };
  const who = hostname ?? (address === undefined ? undefined : `${address}:${port}`);
  return { said: who === undefined ? nobody : `${nobody} (${who})`, retry: true };
}
