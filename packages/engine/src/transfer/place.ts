import { MicaError } from '../error.ts';
import { parseReference, type Reference } from '../reference/reference.ts';

/** Where an image is copied from or to, in skopeo's spelling. */
export type Place =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | { readonly kind: 'store'; readonly name: string }
  /** An OCI layout: a tar (docker's manifest.json beside it) or a directory; `image` picks one of several. */
  | { readonly kind: 'layout'; readonly path: string; readonly tar: boolean; readonly image: string | null };

/** @throws MicaError invalid-argument, invalid-reference */
export function parsePlace(text: string): Place {
  const [, transport, rest = ''] = /^(docker:\/\/|[a-z-]+:)(.+)$/s.exec(text) ?? [];
  switch (transport) {
    case 'docker://':
      return { kind: 'registry', reference: parseReference(rest) };
    case 'store:':
      return { kind: 'store', name: rest };
    case 'oci:':
    case 'oci-archive:':
    case 'docker-archive:': {
      const colon = rest.indexOf(':');
      const path = colon < 0 ? rest : rest.slice(0, colon);
      return { kind: 'layout', path, tar: transport !== 'oci:', image: colon < 0 ? null : rest.slice(colon + 1) };
    }
    default:
      throw new MicaError('invalid-argument', `${text} names no place`, {
        subject: text,
        hint: 'a place is docker://NAME, store:NAME, oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME]',
      });
  }
}
