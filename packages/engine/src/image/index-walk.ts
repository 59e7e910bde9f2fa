import { MicaError } from '../error.ts';
import type { Digest } from '../reference/digest.ts';

/** What people make is two deep and lists dozens. */
const maxDepth = 16;
const maxDocuments = 4096;

/**
 * The documents below one index, each of them once. Whoever serves them can make up another index below the last for
 * as long as he is asked: so there is a bound to how deep they lead into each other, and to how many there are.
 */
export class IndexWalk {
  readonly #seen = new Set<Digest>();
  #depth = 0;

  /** Whether the document is a new one. @throws MicaError limit-exceeded */
  isNew(digest: Digest): boolean {
    if (this.#seen.has(digest)) return false;
    if (this.#seen.size >= maxDocuments) throw tooMuch(`leads to more than ${maxDocuments} documents`, digest);
    this.#seen.add(digest);
    return true;
  }

  /** Before what is below a document, and {@link up} behind it. @throws MicaError limit-exceeded */
  down(digest: Digest): void {
    if (++this.#depth > maxDepth) throw tooMuch(`is nested deeper than ${maxDepth} levels`, digest);
  }
  up(): void {
    this.#depth--;
  }
}

function tooMuch(why: string, subject: Digest): MicaError {
  return new MicaError('limit-exceeded', `the image index ${why}`, { subject });
}
