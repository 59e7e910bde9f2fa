import { MicaError } from '../error.ts';
import { findProgram } from '../runtime/oci-runtime.ts';

/** Where it is in the container: /dev is the container's own, so no commit sees it. */
export const INIT_TARGET = '/dev/init';

/** A static first process that reaps orphans and passes signals on. @throws MicaError missing-tool */
export function initProgram(): string {
  const path = ['docker-init', 'tini-static', 'catatonit'].map(findProgram).find((found) => found !== null);
  if (path) return path;
  throw new MicaError('missing-tool', '--init: neither tini-static, catatonit nor docker-init is installed', {
    subject: 'tini-static',
    hint: 'install one: apt-get install tini',
  });
}
