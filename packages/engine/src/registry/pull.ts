import type { PullOptions, PullResult } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import { type Descriptor, isConfigType, isIndexType, type Platform } from '../image/descriptor.ts';
import { IndexWalk } from '../image/index-walk.ts';
import { parseIndex, parseManifest } from '../image/manifest.ts';
import { choosePlatform, hostPlatform, parsePlatform, platformText } from '../image/platform.ts';
import { transferEvent } from '../images/events.ts';
import { recordImages } from '../images/record-image.ts';
import type { Digest } from '../reference/digest.ts';
import { parseNewName, type Reference, withDigest } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { ManifestPulls } from './manifest-pulls.ts';
import { type Patience, withRepository } from './open.ts';
import type { RemoteDocument, Repository } from './repository.ts';

/** docker pull. All of the image, or an error and what was downloaded kept for the next try. @throws MicaError */
export function pullImage(
  store: Store,
  name: string,
  options: PullOptions & Patience & { readonly as?: Reference } = {},
): Promise<PullResult> {
  const reference = parseNewName(name);
  return withRepository(reference, options, async (repository) => {
    using _ = store.operation();
    const pull = new Pull(store, repository, reference, options.as ?? reference, options);
    try {
      return await pull.run();
    } finally {
      await pull.close();
    }
  });
}

/** What a reference names: a manifest, or an index and what of it is wanted. */
class Pull {
  readonly #store: Store;
  readonly #repository: Repository;
  readonly #reference: Reference;
  /** What it is called here. */
  readonly #as: Reference;
  readonly #options: PullOptions & Patience;
  readonly #manifests: ManifestPulls;
  /** Documents of an index that came: one that is listed again does not come again. */
  readonly #walk = new IndexWalk();

  constructor(
    store: Store,
    repository: Repository,
    reference: Reference,
    as: Reference,
    options: PullOptions & Patience,
  ) {
    this.#store = store;
    this.#repository = repository;
    this.#reference = reference;
    this.#as = as;
    this.#options = options;
    const { signal, onPull, ranges } = options;
    this.#manifests = new ManifestPulls(store, repository, reference.familiar, { signal, onPull, ranges });
  }

  async run(): Promise<PullResult> {
    const reference = this.#reference;
    const top = await this.#repository.manifest(reference.digest ?? reference.tag ?? 'latest');
    this.#options.onPull?.({ status: 'Pulling from', subject: this.#repository.name });
    const wanted = this.#options.platform === undefined ? hostPlatform() : parsePlatform(this.#options.platform);
    const others: Digest[] = [];
    const chosen = isIndexType(top.mediaType) ? await this.#choose(top, wanted, others) : top;
    const image = await this.#manifests.image(chosen);
    const target = this.#manifests.put(top);
    const name = withDigest(reference, target);
    const upToDate =
      this.#store.images.lookup(name.canonical) === image.id &&
      (reference.tag === undefined || this.#store.images.target(reference.canonical) === target);
    const tag = this.#as.digest === undefined ? [{ name: this.#as.canonical, target }] : [];
    const names = [...tag, { name: name.canonical, target }];
    recordImages(this.#store, [{ ...image, names, others: [...others, target, ...image.others] }], {
      tell: (id) => transferEvent(this.#store, 'pull', reference, id),
    });
    return {
      id: image.id,
      digest: target,
      reference: reference.familiar,
      canonical: reference.canonical,
      upToDate,
    };
  }

  async close(): Promise<void> {
    await this.#manifests.close();
  }

  /** The index's manifest for the platform; with --all-platforms everything else it lists comes too. */
  async #choose(top: RemoteDocument, wanted: Platform, others: Digest[]): Promise<RemoteDocument> {
    const { manifests } = parseIndex(top.bytes);
    const chosen = choosePlatform(manifests, wanted);
    if (chosen === undefined && !this.#options.allPlatforms) {
      const named = manifests.map(({ platform }) => platform && platformText(platform));
      const offered = [...new Set(named.filter((one) => one && !one.startsWith('unknown')))];
      throw new MicaError(
        'no-such-image',
        `no matching manifest for ${platformText(wanted)} in the manifest list entries`,
        {
          subject: this.#reference.familiar,
          hint:
            offered.length > 0
              ? `it is there for ${offered.join(', ')}`
              : `its index names no platform: mica manifest inspect ${this.#reference.familiar} shows what it lists, each can be pulled by its digest`,
        },
      );
    }
    if (this.#options.allPlatforms) for (const item of manifests) others.push(...(await this.#everything(item)));
    const first = chosen ?? manifests.find(({ platform }) => platform?.os !== 'unknown') ?? manifests[0];
    if (first === undefined) throw new MicaError('invalid-format', 'the index lists no image', { subject: top.digest });
    return this.#document(first);
  }

  /** Every blob below a descriptor of an index, whatever it is. What came, for the image that keeps it. */
  async #everything(item: Descriptor): Promise<Digest[]> {
    if (!this.#walk.isNew(item.digest)) return [];
    const document = await this.#document(item);
    this.#manifests.put(document);
    if (isIndexType(document.mediaType)) {
      const below: Digest[] = [document.digest];
      this.#walk.down(document.digest);
      for (const one of parseIndex(document.bytes).manifests) below.push(...(await this.#everything(one)));
      this.#walk.up();
      return below;
    }
    const manifest = parseManifest(document.bytes);
    if (isConfigType(manifest.config.mediaType) && item.platform?.os !== 'unknown') {
      const image = await this.#manifests.image(document);
      recordImages(this.#store, [{ ...image, names: [] }], { hidden: true });
      return [document.digest, image.id, ...image.layers.map(({ digest }) => digest)];
    }
    const blobs = [manifest.config, ...manifest.layers];
    await this.#manifests.blobs(blobs);
    return [document.digest, ...blobs.map(({ digest }) => digest)];
  }

  async #document(item: Descriptor): Promise<RemoteDocument> {
    const document = await this.#repository.manifest(item.digest);
    return isIndexType(item.mediaType) || document.mediaType !== ''
      ? document
      : { ...document, mediaType: item.mediaType };
  }
}
