import { createHash, type Hash } from 'node:crypto';
import { algorithmOf, type Digest, type DigestAlgorithm, digestMismatch, sha256Digest } from '../reference/digest.ts';
import { nativeHash } from './openssl-hash.ts';

/** A digest in the making: pieces of any size, then `digest` once. It owns nothing that has to be closed. */
export interface Digester {
  update(bytes: Uint8Array): this;
  digest(): Digest;
}

/** sha512, which only other programs' images come under, is node:crypto's: loaded where one is met. */
export function digester(algorithm: DigestAlgorithm = 'sha256'): Digester {
  return algorithm === 'sha256' ? new Sha256() : new Sha512();
}

/** @throws MicaError digest-mismatch where these are not the bytes of that digest; `what` is a blob, a layer, … */
export function verifyBytes(what: string, digest: Digest, bytes: Uint8Array): void {
  const actual = digester(algorithmOf(digest)).update(bytes).digest();
  if (actual !== digest) throw digestMismatch(what, digest, actual);
}

class Sha256 implements Digester {
  readonly #hasher = nativeHash().create();
  update(bytes: Uint8Array): this {
    this.#hasher.update(bytes);
    return this;
  }
  digest(): Digest {
    return sha256Digest(this.#hasher.digest());
  }
}

class Sha512 implements Digester {
  readonly #hash: Hash = createHash('sha512');
  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }
  digest(): Digest {
    return `sha512:${this.#hash.digest('hex')}`;
  }
}
