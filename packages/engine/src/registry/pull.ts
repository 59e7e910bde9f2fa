import type { PullOptions, PullResult } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import { parseConfig } from '../image/config.ts';
import {
  type Descriptor,
  isConfigType,
  isIndexType,
  layerTypeOf,
  mediaTypes,
  type Platform,
} from '../image/descriptor.ts';
import { IndexWalk } from '../image/index-walk.ts';
import { maxConfigBytes } from '../image/json.ts';
import { type Manifest, parseIndex, parseManifest } from '../image/manifest.ts';
import { imageManifest } from '../image/new-image.ts';
import { choosePlatform, hostPlatform, parsePlatform, platformText } from '../image/platform.ts';
import { transferEvent } from '../images/events.ts';
import { recordImages } from '../images/record-image.ts';
import { type Digest, shortId } from '../reference/digest.ts';
import { parseNewName, type Reference, withDigest } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { download } from './download.ts';
import { LayerPulls } from './layer-pulls.ts';
import { allOrFirstError, Limit } from './limit.ts';
import { type Patience, withRepository } from './open.ts';
import { PartialBlob } from './partial.ts';
import type { PulledLayer } from './pull-layer.ts';
import type { RemoteDocument, Repository } from './repository.ts';

/** docker's own number. */
const downloadsAtOnce = 3;

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

class Pull {
  readonly #store: Store;
  readonly #repository: Repository;
  readonly #reference: Reference;
  /** What it is called here. */
  readonly #as: Reference;
  readonly #options: PullOptions & Patience;
  readonly #downloads = new Limit(downloadsAtOnce);
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #layers: LayerPulls;
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
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    const { onPull, ranges } = options;
    this.#layers = new LayerPulls(store, repository, {
      signal: this.#signal,
      downloads: this.#downloads,
      onPull,
      ranges,
    });
  }

  async run(): Promise<PullResult> {
    const reference = this.#reference;
    const top = await this.#repository.manifest(reference.digest ?? reference.tag ?? 'latest');
    this.#options.onPull?.({ status: 'Pulling from', subject: this.#repository.name });
    const wanted = this.#options.platform === undefined ? hostPlatform() : parsePlatform(this.#options.platform);
    const others: Digest[] = [];
    const chosen = isIndexType(top.mediaType) ? await this.#choose(top, wanted, others) : top;
    const image = await this.#image(chosen);
    const target = this.#put(top);
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
    await this.#layers.close();
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
    this.#put(document);
    if (isIndexType(document.mediaType)) {
      const below: Digest[] = [document.digest];
      this.#walk.down(document.digest);
      for (const one of parseIndex(document.bytes).manifests) below.push(...(await this.#everything(one)));
      this.#walk.up();
      return below;
    }
    const manifest = parseManifest(document.bytes);
    if (isConfigType(manifest.config.mediaType) && item.platform?.os !== 'unknown') {
      const image = await this.#image(document);
      recordImages(this.#store, [{ ...image, names: [] }], { hidden: true });
      return [document.digest, image.id, ...image.layers.map(({ digest }) => digest)];
    }
    const blobs = [manifest.config, ...manifest.layers];
    await allOrFirstError(
      blobs.map((blob) => this.#downloads.run(() => this.#blob(blob))),
      (why) => this.#stop.abort(why),
    );
    return [document.digest, ...blobs.map(({ digest }) => digest)];
  }

  async #document(item: Descriptor): Promise<RemoteDocument> {
    const document = await this.#repository.manifest(item.digest);
    return isIndexType(item.mediaType) || document.mediaType !== ''
      ? document
      : { ...document, mediaType: item.mediaType };
  }

  async #image(document: RemoteDocument) {
    const manifest = parseManifest(document.bytes);
    if (!isConfigType(manifest.config.mediaType))
      throw new MicaError(
        'not-supported',
        `${this.#reference.familiar} is an artifact (${String(manifest.artifactType ?? manifest.config.mediaType)}), not an image`,
        { subject: this.#reference.familiar, hint: 'mica copy carries artifacts between registries and archives' },
      );
    const config = parseConfig(await this.#small(manifest.config));
    const diffIds = config.rootfs.diff_ids;
    if (diffIds.length !== manifest.layers.length)
      throw new MicaError(
        'invalid-format',
        `the manifest has ${manifest.layers.length} layers, its config ${diffIds.length}`,
        {
          subject: document.digest,
        },
      );
    for (const { mediaType, digest } of manifest.layers)
      if (/foreign|nondistributable/.test(mediaType))
        throw new MicaError('not-supported', `layer ${shortId(digest)} is a foreign one, kept outside the registry`, {
          subject: digest,
          hint: 'such layers are those of Windows images, which do not run here',
        });
    const layers = await allOrFirstError(this.#layers.begin(manifest.layers, diffIds), (why) => this.#stop.abort(why));
    this.#put(document);
    const own = this.#ownManifest(document.digest, manifest, layers);
    return {
      id: manifest.config.digest,
      config,
      manifest: own,
      layers,
      others: own === document.digest ? [] : [document.digest],
    };
  }

  /**
   * The manifest by which the store can give the image away: the one that came, unless a layer is here in
   * another form than it says (then nothing was downloaded for it).
   */
  #ownManifest(came: Digest, manifest: Manifest, layers: readonly PulledLayer[]): Digest {
    if (manifest.layers.every(({ digest }, i) => layers[i]?.digest === digest)) return came;
    const known = this.#store.images.get(manifest.config.digest);
    if (known) return known.manifest;
    const parts = layers.map((layer) => ({ ...layer, mediaType: layerTypeOf(layer.compression) }));
    return this.#store.blobs.put(imageManifest(manifest.config, parts), mediaTypes.manifest).digest;
  }

  async #small(descriptor: Descriptor): Promise<Uint8Array> {
    if (descriptor.size > maxConfigBytes)
      throw new MicaError(
        'limit-exceeded',
        `image config is too large: ${descriptor.size} bytes, at most ${maxConfigBytes} are read`,
        {
          subject: descriptor.digest,
        },
      );
    await this.#blob(descriptor);
    return this.#store.blobs.read(descriptor.digest, maxConfigBytes);
  }

  async #blob(descriptor: Descriptor): Promise<void> {
    if (this.#store.blobs.hold(descriptor.digest)) return;
    const partial = PartialBlob.claim(this.#store, descriptor);
    try {
      await download(this.#repository, partial, descriptor, async () => {}, { signal: this.#signal });
      partial.finish(descriptor.mediaType);
    } finally {
      partial.keep();
    }
  }

  #put(document: RemoteDocument): Digest {
    return this.#store.blobs.put(document.bytes, document.mediaType, document.digest).digest;
  }
}
