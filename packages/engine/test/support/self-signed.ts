import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A key in the folder and a certificate for `name` that nobody but it vouches for; both files' paths. */
export function selfSigned(
  folder: string,
  name = 'IP:127.0.0.1',
): { readonly key: string; readonly certificate: string } {
  const files = { key: join(folder, 'tls.key'), certificate: join(folder, 'tls.crt') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=here', '-addext', `subjectAltName=${name}`];
  const to = ['-keyout', files.key, '-out', files.certificate];
  execFileSync('openssl', ['req', '-x509', ...curve, ...names, ...to], { stdio: 'pipe' });
  return files;
}
