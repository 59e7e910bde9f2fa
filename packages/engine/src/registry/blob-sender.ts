import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { PushOptions } from '../contract/registry.ts';
import { isIndexType } from '../image/descriptor.ts';
import { parseManifest } from '../image/manifest.ts';
import type { Digest } from '../reference/digest.ts';
import { parseReference, type Reference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import type { Repository } from './repository.ts';
import { mount, upload } from './upload.ts';

/** Brings blobs into one repository by the cheapest way: there already, mounted from a neighbour, or sent. */
export class BlobSender {
  readonly #store: Store;
  readonly #repository: Repository;
  readonly #reference: Reference;
  readonly #options: { readonly onPush: PushOptions['onPush']; readonly signal: AbortSignal };
  #elsewhere: Map<Digest, string> | undefined;

  constructor(
    store: Store,
    repository: Repository,
    reference: Reference,
    options: { readonly onPush: PushOptions['onPush']; readonly signal: AbortSignal },
  ) {
    this.#store = store;
    this.#repository = repository;
    this.#reference = reference;
    this.#options = options;
  }

  /** Whether the repository has the blob, or gets it from another of its registry; nothing is sent. */
  async isThere(digest: Digest, subject: string): Promise<boolean> {
    const { onPush, signal } = this.#options;
    if (await this.#repository.hasBlob(digest)) {
      onPush?.({ status: 'Layer already exists', subject });
      return true;
    }
    const from = this.#mountable(digest);
    if (from === undefined || !(await mount(this.#repository, digest, from, signal))) return false;
    onPush?.({ status: 'Mounted from', subject, from });
    return true;
  }

  /** Unless it is there already, or can be mounted. `subject`: who is told of it; null for what nobody is told of. */
  async send(blob: { digest: Digest; size: number }, path: string, subject: string | null): Promise<void> {
    this.#options.signal.throwIfAborted();
    const { onPush } = this.#options;
    const tell = (status: 'Layer already exists' | 'Pushed' | 'Mounted from', from?: string) =>
      subject !== null && onPush?.({ status, subject, ...(from === undefined ? {} : { from }) });
    if (await this.#repository.hasBlob(blob.digest)) return void tell('Layer already exists');
    const from = this.#mountable(blob.digest);
    const open = (at: number) => {
      const stream = createReadStream(path, { start: at, highWaterMark: 1 << 18 });
      if (subject === null) return stream;
      return counted(stream, at, (bytes) => onPush?.({ status: 'Pushing', subject, bytes, totalBytes: blob.size }));
    };
    const how = await upload(this.#repository, { ...blob, open }, { mountFrom: from, signal: this.#options.signal });
    if (how === 'mounted') tell('Mounted from', from);
    else tell('Pushed');
  }

  /** Another repository of this registry that was pulled from or pushed to and has the blob. */
  #mountable(digest: Digest): string | undefined {
    this.#elsewhere ??= this.#findElsewhere();
    return this.#elsewhere.get(digest);
  }

  #findElsewhere(): Map<Digest, string> {
    const found = new Map<Digest, string>();
    for (const { name, target } of this.#store.images.published()) {
      const { domain, repository } = parseReference(name);
      if (domain !== this.#reference.domain || repository === this.#reference.repository) continue;
      if (!this.#store.blobs.has(target)) continue;
      const bytes = this.#store.blobs.read(target);
      if (isIndexType(String((JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: unknown }).mediaType)))
        continue;
      const { config, layers } = parseManifest(bytes);
      for (const blob of [config, ...layers]) found.set(blob.digest, repository);
    }
    return found;
  }
}

/**
 * Tells how far the reader has come. Not by a listener of the stream's own: that would start it before the
 * request is connected and takes its bytes, and the first would be lost.
 */
function counted(stream: Readable, from: number, tell: (bytes: number) => void): Readable {
  async function* pieces() {
    let bytes = from;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      yield chunk;
      bytes += chunk.length;
      tell(bytes);
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}
