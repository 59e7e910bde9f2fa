import { availableParallelism } from 'node:os';
import type { PullOptions } from '../contract/registry.ts';
import { type Descriptor, layerTypeOf } from '../image/descriptor.ts';
import { Pool } from '../pool/pool.ts';
import { type Digest, shortId } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import type { DownloadOptions } from './download.ts';
import { Limit } from './limit.ts';
import { type PulledLayer, pullLayer, storedLayer } from './pull-layer.ts';
import type { Repository } from './repository.ts';

/** Layers that come in, wait for a thread, or are unpacked: each holds a file open. */
const layersAtOnce = 32;
/** Bytes of compressed layers from which on threads pay: to start them costs 150 ms. */
const poolFrom = 8 << 20;

interface LayerPullsOptions {
  readonly signal: AbortSignal;
  /** Who may download now. */
  readonly downloads: Limit;
  readonly onPull: PullOptions['onPull'];
  readonly ranges: DownloadOptions['ranges'];
}

/** The layers of one pull, each once however many images have it. Whoever makes it closes it. */
export class LayerPulls {
  readonly #store: Store;
  readonly #repository: Repository;
  readonly #options: LayerPullsOptions;
  readonly #limit = new Limit(layersAtOnce);
  readonly #begun = new Map<string, Promise<PulledLayer>>();
  #pool: Pool | null = null;
  /** Compressed bytes: up to here a layer is no more than one thread's share of all. */
  #share = 0;

  constructor(store: Store, repository: Repository, options: LayerPullsOptions) {
    this.#store = store;
    this.#repository = repository;
    this.#options = options;
  }

  /** Begins an image's layers, side by side; `diffIds` are theirs, in the same order. */
  begin(layers: readonly Descriptor[], diffIds: readonly Digest[]): Promise<PulledLayer>[] {
    const missing = layers.filter((layer, i) => !storedLayer(this.#store, layer.digest, diffIds[i] as Digest));
    // Of a pull that was killed, before the room for this one is asked for.
    if (missing.length > 0) this.#store.unpacked.sweep();
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    if (bytes >= poolFrom) this.#pool ??= new Pool(Math.min(missing.length, availableParallelism()));
    this.#share = bytes / availableParallelism();
    return layers.map((layer, i) => this.#once(layer, diffIds[i] as Digest));
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #once(descriptor: Descriptor, diffId: Digest): Promise<PulledLayer> {
    // By both: a config may name one blob as two layers, which it cannot be.
    const key = `${descriptor.digest} ${diffId}`;
    const pulling = this.#begun.get(key) ?? this.#pull(descriptor, diffId);
    this.#begun.set(key, pulling);
    return pulling;
  }

  async #pull(descriptor: Descriptor, diffId: Digest): Promise<PulledLayer> {
    const subject = shortId(descriptor.digest);
    const { onPull, signal, downloads, ranges } = this.#options;
    const found = storedLayer(this.#store, descriptor.digest, diffId);
    if (found) {
      onPull?.({ status: 'Already exists', subject });
      return found;
    }
    onPull?.({ status: 'Pulling fs layer', subject });
    return this.#limit.run(async () => {
      signal.throwIfAborted();
      const layer = await pullLayer(this.#store, this.#repository, descriptor, diffId, {
        signal,
        pool: this.#pool,
        inline: descriptor.size <= this.#share,
        downloads,
        ranges,
        onBytes: (bytes) => onPull?.({ status: 'Downloading', subject, bytes, totalBytes: descriptor.size }),
        onDownloaded: () => onPull?.({ status: 'Download complete', subject }),
      });
      // Known from here on, so that a pull that fails later never brings it again.
      this.#store.layers.putForm({ ...layer, mediaType: layerTypeOf(layer.compression), recipe: null });
      onPull?.({ status: 'Pull complete', subject });
      return layer;
    });
  }
}
