import { type Digest, sha256Digest } from '../reference/digest.ts';
import { nativeHash } from './openssl-hash.ts';

/** SHA-256 of bytes at hand, in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return Buffer.from(nativeHash().many([bytes])[0] as Uint8Array).toString('hex');
}

/** The digest of a document, or of a text in UTF-8. */
export function sha256(bytes: Uint8Array | string): Digest {
  return sha256Digest(nativeHash().many([typeof bytes === 'string' ? Buffer.from(bytes) : bytes])[0] as Uint8Array);
}
