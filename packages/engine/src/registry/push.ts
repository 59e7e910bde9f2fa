import { rmSync } from 'node:fs';
import type { PushOptions, PushResult } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import { sha256 } from '../hash/sha256.ts';
import { type Descriptor, isIndexType, mediaTypes } from '../image/descriptor.ts';
import { type Manifest, parseManifest } from '../image/manifest.ts';
import { parsePlatform } from '../image/platform.ts';
import { transferEvent } from '../images/events.ts';
import { type Document, selectImage } from '../images/select.ts';
import { type Compressor, recipeOf } from '../layer/compress.ts';
import { type Digest, shortId } from '../reference/digest.ts';
import { parseReference, type Reference, withDigest } from '../reference/reference.ts';
import { isUnnoted } from '../store/database-error.ts';
import type { Store } from '../store/store.ts';
import { BlobSender } from './blob-sender.ts';
import { compressLayer } from './compress-layer.ts';
import { allOrFirstError, Limit } from './limit.ts';
import { type Patience, withOrigin } from './open.ts';
import type { Repository } from './repository.ts';

/** docker's own number. */
const blobsAtOnce = 5;
const defaultLevel = { gzip: 6, zstd: 3 };

/**
 * docker push. What came from a registry goes back byte for byte; the plain layers of an image made here
 * are compressed, once: what they became is remembered, so the next push compresses and sends nothing.
 * `from` is the image to send when it is called otherwise here.
 */
export function pushImage(
  store: Store,
  name: string,
  options: PushOptions & Patience & { readonly from?: string } = {},
): Promise<PushResult> {
  const reference = parseReference(name);
  if (reference.digest !== undefined)
    throw new MicaError('invalid-argument', 'cannot push a digest reference', {
      subject: name,
      hint: 'push it by a tag',
    });
  return withOrigin(reference, options, async (repository) => {
    using _ = store.operation();
    return await new Push(store, repository, reference, options).run(options.from ?? reference.canonical);
  });
}

class Push {
  readonly #store: Store;
  readonly #repository: Repository;
  readonly #reference: Reference;
  readonly #options: PushOptions;
  readonly #limit = new Limit(blobsAtOnce);
  /** Compression fills all processors by itself. */
  readonly #compressing = new Limit(1);
  readonly #sent = new Map<Digest, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #sender: BlobSender;

  constructor(store: Store, repository: Repository, reference: Reference, options: PushOptions) {
    this.#store = store;
    this.#repository = repository;
    this.#reference = reference;
    this.#options = options;
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    this.#sender = new BlobSender(store, repository, reference, { onPush: options.onPush, signal: this.#signal });
  }

  async run(name: string): Promise<PushResult> {
    const { platform } = this.#options;
    const selected = selectImage(this.#store, name, platform === undefined ? undefined : parsePlatform(platform));
    this.#hold(selected.index?.parts ?? [selected.document]);
    let top: Document;
    if (selected.index) {
      for (const part of selected.index.parts) await this.#part(part);
      top = selected.index.document;
    } else {
      top = await this.#manifest(selected.document);
    }
    await this.#repository.putManifest(this.#reference.tag ?? 'latest', top.mediaType, top.bytes);
    this.#remember(selected.id, top);
    return { digest: top.digest, size: top.bytes.length, tag: this.#reference.tag ?? 'latest' };
  }

  /** An image may be removed while it is sent: what is to be sent stays until then, as in docker. */
  #hold(parts: readonly Document[]): void {
    const manifests = parts.filter(({ mediaType }) => !isIndexType(mediaType)).map(({ bytes }) => parseManifest(bytes));
    const digests = manifests.flatMap(({ config, layers }) => [config, ...layers].map(({ digest }) => digest));
    ifPossible(() => this.#store.blobs.leases.take(digests));
  }

  /** That the registry has it now; of an image that was removed while it was sent nothing is kept. */
  #remember(id: Digest, top: Document): void {
    const store = this.#store;
    const note = () => {
      if (store.images.get(id) === null) return;
      if (!store.blobs.has(top.digest)) store.blobs.put(top.bytes, top.mediaType, top.digest);
      store.images.keep(id, [top.digest]);
      store.images.tag(withDigest(this.#reference, top.digest).canonical, id, top.digest);
      transferEvent(store, 'push', this.#reference, id);
    };
    ifPossible(() => store.transaction(note));
  }

  /** One document of an index, with all below it, under its digest. */
  async #part(part: Document): Promise<void> {
    if (!isIndexType(part.mediaType)) await this.#blobs(parseManifest(part.bytes));
    await this.#repository.putManifest(part.digest, part.mediaType, part.bytes);
  }

  /** Sends what a manifest names, and gives the manifest as it is to be pushed. */
  async #manifest(document: Document): Promise<Document> {
    const manifest = parseManifest(document.bytes);
    const plain = manifest.layers.some(isPlain);
    const { compression } = this.#options;
    const asItIs =
      !plain ||
      compression === 'none' ||
      (compression === undefined && this.#store.images.isPublished(document.digest));
    if (asItIs) {
      await this.#blobs(manifest);
      return document;
    }
    const kind = compression ?? 'gzip';
    const compressor = { compression: kind, level: this.#options.level ?? defaultLevel[kind] };
    const diffIds = manifest.layers.map((layer) => this.#store.layers.formOf(layer.digest)?.diffId ?? layer.digest);
    const layers = await allOrFirstError(
      manifest.layers.map((layer, i) =>
        isPlain(layer)
          ? this.#compressed(layer, diffIds[i] as Digest, compressor)
          : this.#blob(layer, true).then(() => layer),
      ),
      () => this.#stop.abort(),
    );
    await this.#blob(manifest.config, false);
    // Every other field stays, also those that this version does not know.
    const bytes = Buffer.from(JSON.stringify({ ...manifest, layers }));
    return { digest: sha256(bytes), bytes, mediaType: document.mediaType };
  }

  async #blobs(manifest: Manifest): Promise<void> {
    await allOrFirstError(
      [...manifest.layers.map((layer) => this.#blob(layer, true)), this.#blob(manifest.config, false)],
      () => this.#stop.abort(),
    );
  }

  /** A blob as it is in the store. */
  #blob(descriptor: Descriptor, told: boolean): Promise<void> {
    const { digest, size } = descriptor;
    const form = this.#store.layers.formOf(digest);
    const subject = shortId(form?.diffId ?? digest);
    return this.#once(digest, async () => {
      if (told) this.#options.onPush?.({ status: 'Preparing', subject });
      await this.#limit.run(() =>
        this.#sender.send({ digest, size }, this.#store.blobs.path(digest), told ? subject : null),
      );
    });
  }

  /** A plain layer under the descriptor of its compressed form. Known and there already: nothing is read. */
  async #compressed(layer: Descriptor, diffId: Digest, compressor: Compressor): Promise<Descriptor> {
    const subject = shortId(diffId);
    this.#options.onPush?.({ status: 'Preparing', subject });
    const recipe = recipeOf(compressor);
    const known = this.#store.layers.forms(diffId).find((form) => form.recipe === recipe);
    if (known && (await this.#limit.run(() => this.#sender.isThere(known.digest, subject))))
      return { ...layer, mediaType: known.mediaType, digest: known.digest, size: known.size };
    const file = this.#store.blobs.temporary();
    try {
      const form = await this.#compressing.run(() =>
        compressLayer(this.#store, layer, diffId, { compressor, file, signal: this.#signal }),
      );
      this.#store.layers.putForm(form);
      await this.#once(form.digest, () => this.#limit.run(() => this.#sender.send(form, file, subject)));
      return { ...layer, mediaType: form.mediaType, digest: form.digest, size: form.size };
    } finally {
      rmSync(file, { force: true });
    }
  }

  #once(digest: Digest, send: () => Promise<void>): Promise<void> {
    const sending = this.#sent.get(digest) ?? send();
    this.#sent.set(digest, sending);
    return sending;
  }
}

/** From a disk that is full or read-only an image is sent all the same, and that is not noted: sending it may be what saves it. */
function ifPossible(note: () => void): void {
  try {
    note();
  } catch (error) {
    if (!isUnnoted(error)) throw error;
  }
}

function isPlain(layer: Descriptor): boolean {
  return layer.mediaType === mediaTypes.layer || layer.mediaType === mediaTypes.dockerLayer;
}
