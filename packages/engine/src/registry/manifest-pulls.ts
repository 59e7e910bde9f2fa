import type { PullOptions } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import { type ImageConfig, parseConfig } from '../image/config.ts';
import { type Descriptor, isConfigType, layerTypeOf, mediaTypes } from '../image/descriptor.ts';
import { maxConfigBytes } from '../image/json.ts';
import { type Manifest, parseManifest } from '../image/manifest.ts';
import { imageManifest } from '../image/new-image.ts';
import { type Digest, shortId } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { type DownloadOptions, download } from './download.ts';
import { LayerPulls } from './layer-pulls.ts';
import { allOrFirstError, Limit } from './limit.ts';
import { PartialBlob } from './partial.ts';
import type { PulledLayer } from './pull-layer.ts';
import type { RemoteDocument, Repository } from './repository.ts';

/** docker's own number. */
const downloadsAtOnce = 3;

/** An image whose bytes are all here, and no row yet. */
export interface PulledImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  /** By which the store gives it away: the one that came, or one of our own. */
  readonly manifest: Digest;
  readonly layers: readonly PulledLayer[];
  /** What came beside these, and is kept with the image. */
  readonly others: readonly Digest[];
}

interface ManifestPullsOptions {
  readonly signal: AbortSignal | undefined;
  readonly onPull: PullOptions['onPull'];
  readonly ranges: DownloadOptions['ranges'];
}

/** What single manifests of one pull bring: the first failure stops all of it. Whoever makes it closes it. */
export class ManifestPulls {
  readonly #store: Store;
  readonly #repository: Repository;
  /** What the user pulls, in his words. */
  readonly #name: string;
  readonly #downloads = new Limit(downloadsAtOnce);
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #layers: LayerPulls;

  constructor(store: Store, repository: Repository, name: string, options: ManifestPullsOptions) {
    this.#store = store;
    this.#repository = repository;
    this.#name = name;
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    const { onPull, ranges } = options;
    this.#layers = new LayerPulls(store, repository, {
      signal: this.#signal,
      downloads: this.#downloads,
      onPull,
      ranges,
    });
  }

  /** Config and layers, in the store when it resolves; the caller records the image. @throws MicaError, RegistryFailure */
  async image(document: RemoteDocument): Promise<PulledImage> {
    const manifest = parseManifest(document.bytes);
    if (!isConfigType(manifest.config.mediaType))
      throw new MicaError(
        'not-supported',
        `${this.#name} is an artifact (${String(manifest.artifactType ?? manifest.config.mediaType)}), not an image`,
        { subject: this.#name, hint: 'mica copy carries artifacts between registries and archives' },
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
    this.put(document);
    const own = this.#ownManifest(document.digest, manifest, layers);
    return {
      id: manifest.config.digest,
      config,
      manifest: own,
      layers,
      others: own === document.digest ? [] : [document.digest],
    };
  }

  /** What is no image, as it is. */
  async blobs(descriptors: readonly Descriptor[]): Promise<void> {
    await allOrFirstError(
      descriptors.map((blob) => this.#downloads.run(() => this.#blob(blob))),
      (why) => this.#stop.abort(why),
    );
  }

  /** Keeps a manifest or index byte for byte. */
  put(document: RemoteDocument): Digest {
    return this.#store.blobs.put(document.bytes, document.mediaType, document.digest).digest;
  }

  async close(): Promise<void> {
    await this.#layers.close();
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
}
