import { MicaError } from '../error.ts';

/**
 * A content digest, `algorithm:hex`, lower case (image-spec descriptor.md, "Digests"). sha256 is what
 * Mica writes; sha512 is read. Strings become Digests only through {@link parseDigest}.
 */
export type Digest = `sha256:${string}` | `sha512:${string}`;
export type DigestAlgorithm = 'sha256' | 'sha512';

const shapes = { sha256: /^sha256:[0-9a-f]{64}$/, sha512: /^sha512:[0-9a-f]{128}$/ };

export function isDigest(text: string): text is Digest {
  return shapes.sha256.test(text) || shapes.sha512.test(text);
}

/** @throws MicaError invalid-format */
export function parseDigest(text: unknown, what = 'digest'): Digest {
  if (typeof text === 'string' && isDigest(text)) return text;
  // Quoted where it would be more than a line of text.
  const shown =
    typeof text !== 'string'
      ? typeof text
      : /\p{Cc}/u.test(text)
        ? JSON.stringify(text.slice(0, 160))
        : text.slice(0, 160);
  throw new MicaError('invalid-format', `invalid ${what}: ${shown} is not a sha256 or sha512 digest`, {
    subject: shown,
  });
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

/** Of the 32 bytes that a hash gave. */
export function sha256Digest(hash: Uint8Array): Digest {
  return `sha256:${Buffer.from(hash).toString('hex')}`;
}

/** What is said of bytes that are not those of their digest; `what` is a blob, a layer, … */
export function digestMismatch(what: string, digest: Digest, actual: Digest, hint?: string): MicaError {
  return new MicaError('digest-mismatch', `${what} ${digest} does not match its digest: it is ${actual}`, {
    subject: digest,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The twelve digits docker prints. */
export function shortId(digest: string): string {
  const colon = digest.indexOf(':');
  return digest.slice(colon + 1, colon + 13);
}
