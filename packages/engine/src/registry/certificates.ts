import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MicaError, wrapSystemError } from '../error.ts';

/**
 * The certificates for one host, docker's way: `certs.d/HOST[:PORT]/*.crt` are authorities, `X.cert` with
 * `X.key` is a client's own. @throws MicaError no-such-path for half a pair, and what a file cannot be read for
 */
export function certificatesFor(host: string): { ca: string[]; cert?: string; key?: string } {
  const own = process.env.MICA_CERTS_DIR;
  const roots = own ? [own] : ['/etc/mica/certs.d', '/etc/docker/certs.d', '/etc/containers/certs.d'];
  const ca: string[] = [];
  let client: { cert: string; key: string } | undefined;
  for (const root of roots) {
    const folder = join(root, host);
    if (!existsSync(folder)) continue;
    const names = reading(folder, () => readdirSync(folder).sort());
    const bytes = (name: string) => reading(join(folder, name), () => readFileSync(join(folder, name), 'utf8'));
    for (const name of names) {
      if (name.endsWith('.crt')) ca.push(bytes(name));
      const [, pair, kind] = /^(.*)\.(cert|key)$/s.exec(name) ?? [];
      if (kind === undefined) continue;
      const other = `${pair}.${kind === 'cert' ? 'key' : 'cert'}`;
      if (!names.includes(other)) throw halfPair(folder, name, other);
      if (kind === 'cert') client ??= { cert: bytes(name), key: bytes(other) };
    }
  }
  return { ca, ...client };
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw wrapSystemError(error, 'read', path);
  }
}

/** docker's; the likeliest reason is an authority under the ending of a client's certificate. */
function halfPair(folder: string, name: string, missing: string): MicaError {
  const what = name.endsWith('.cert')
    ? `missing key ${missing} for client certificate ${name}`
    : `missing client certificate ${missing} for key ${name}`;
  return new MicaError('no-such-path', `${folder}: ${what}`, {
    subject: join(folder, missing),
    hint: `put ${missing} beside it; the certificate of an authority ends in .crt`,
  });
}
