import type { Digest } from '../reference/digest.ts';
import { RegistryFailure } from './failure.ts';
import type { BlobAnswer, Repository } from './repository.ts';

/** How a large blob is asked for: from that many missing bytes on, in ranges of so many, so many at once. */
export interface RangeShape {
  readonly from: number;
  readonly bytes: number;
  readonly atOnce: number;
}

/** What waits for its turn is in memory: at most 24 MiB of a blob, for a far registry's one connection is slow. */
const usual: RangeShape = { from: 32 << 20, bytes: 8 << 20, atOnce: 3 };

interface Blob {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * The bytes of a blob from `start` on, in order, one try: a small rest by one request, a large one by several
 * ranges at once, the first of them as it comes. A registry without ranges sends the whole blob to the first,
 * and then that is it. Ends early where the registry does. @throws RegistryFailure, `wrong`'s for another length
 */
export async function* blobFrom(
  repository: Repository,
  blob: Blob,
  start: number,
  wrong: (length: number) => Error,
  shape: RangeShape = usual,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const { digest, size } = blob;
  const end = size - start < shape.from ? undefined : start + shape.bytes;
  const answer = await repository.blob(digest, start, end, signal);
  if (end === undefined || !answer.ranged) {
    yield* rest(answer, start, size, wrong);
    return;
  }
  const parts = [new Range(digest, Promise.resolve(answer), end - start)];
  let next = end;
  const ask = () => {
    const to = Math.min(size, next + shape.bytes);
    parts.push(new Range(digest, repository.blob(digest, next, to, signal), to - next));
    next = to;
  };
  try {
    for (let part = parts[0]; part !== undefined; part = parts[0]) {
      while (parts.length < shape.atOnce && next < size) ask();
      yield* part.chunks();
      parts.shift();
    }
  } finally {
    for (const part of parts) part.stop();
  }
}

/** The one answer that has all the rest, what came before `start` left out. */
async function* rest(
  { body, from, length }: BlobAnswer,
  start: number,
  size: number,
  wrong: (length: number) => Error,
): AsyncGenerator<Buffer, void> {
  try {
    if (length !== null && from + length !== size) throw wrong(from + length);
    let skip = start - from;
    for await (const received of body as AsyncIterable<Buffer>) {
      const chunk = skip === 0 ? received : received.subarray(skip);
      skip = Math.max(0, skip - received.length);
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    body.destroy();
  }
}

/** One range: comes in from now on, whoever waits for it. Holds no more than its own length. */
class Range {
  readonly #digest: Digest;
  readonly #length: number;
  readonly #came: Buffer[] = [];
  #body: BlobAnswer['body'] | null = null;
  #stopped = false;
  #over = false;
  #failure: unknown;
  #wake: () => void = () => {};

  constructor(digest: Digest, answer: Promise<BlobAnswer>, length: number) {
    this.#digest = digest;
    this.#length = length;
    this.#receive(answer).catch((error: unknown) => this.#end(error));
  }

  /** In order, as they come. */
  async *chunks(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = this.#came.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#body?.destroy();
  }

  async #receive(answer: Promise<BlobAnswer>): Promise<void> {
    const { body, ranged, length } = await answer;
    this.#body = body;
    try {
      if (this.#stopped) return;
      if (!ranged || (length !== null && length !== this.#length)) throw this.#odd('not the range asked for');
      let left = this.#length;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        left -= chunk.length;
        if (left < 0) throw this.#odd('more than the range asked for');
        this.#came.push(chunk);
        this.#wake();
      }
      if (left > 0) throw this.#odd(`a range was cut ${left} bytes before its end`);
      this.#end();
    } finally {
      body.destroy();
    }
  }
  #odd(what: string): RegistryFailure {
    return new RegistryFailure(`blob ${this.#digest}: ${what}`, { retry: true });
  }
  #end(failure?: unknown): void {
    this.#failure = failure;
    this.#over = true;
    this.#wake();
  }
}
