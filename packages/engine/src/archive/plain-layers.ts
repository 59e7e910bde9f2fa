import { Readable, type Transform } from 'node:stream';
import { MicaError } from '../error.ts';
import { digester } from '../hash/digester.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { compressionOf, decoderOf } from '../layer/decoder.ts';
import { type Digest, hexOf } from '../reference/digest.ts';
import type { LayerForm } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';

/** One file of the archive. */
interface PlainFile {
  readonly path: string;
  readonly blob: Digest;
  readonly size: number;
  read(blob: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * Layers that docker before 23 cannot read: it knows no zstd. An archive brings them as plain tars as well,
 * under `layers/<diff ID>.tar`, which docker's manifest.json names; the OCI layout beside it keeps its blobs.
 */
export class PlainLayers {
  readonly #store: Store;
  readonly #wanted: boolean;
  readonly #layers = new Map<Digest, LayerForm>();

  constructor(store: Store, wanted: boolean) {
    this.#store = store;
    this.#wanted = wanted;
  }

  /** The path of the layer's plain tar, null where the blob as it is will do. */
  path({ digest, mediaType }: Descriptor): string | null {
    if (!this.#wanted || compressionOf(mediaType) !== 'zstd') return null;
    const form = this.#store.layers.formOf(digest);
    return form && pathOf(form);
  }

  /** Brings the layer, unless its blob will do. */
  add(layer: Descriptor): void {
    const form = this.#store.layers.formOf(layer.digest);
    if (form !== null && this.path(layer) !== null) this.#layers.set(form.diffId, form);
  }

  /** In the order of their diff IDs. `size` is the plain tar's, in bytes; `read` takes the blob's bytes. */
  files(): PlainFile[] {
    const forms = [...this.#layers.values()].sort((a, b) => (a.diffId < b.diffId ? -1 : 1));
    return forms.map((form) => ({
      path: pathOf(form),
      blob: form.digest,
      size: form.tarSize,
      read: (blob) => plainTar(form, blob),
    }));
  }
}

function pathOf({ diffId }: LayerForm): string {
  return `layers/${hexOf(diffId)}.tar`;
}

/** @throws MicaError store-damaged */
async function* plainTar(form: LayerForm, blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = decoderOf('zstd') as Transform;
  const source = Readable.from(blob, { objectMode: false });
  source.on('error', (error) => decoder.destroy(error));
  const hash = digester();
  try {
    for await (const chunk of source.pipe(decoder) as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      yield chunk;
    }
  } finally {
    source.destroy();
  }
  const actual = hash.digest();
  if (actual !== form.diffId)
    throw new MicaError('store-damaged', `blob ${form.digest} holds ${actual}, not the layer ${form.diffId}`, {
      subject: form.digest,
      hint: 'load or pull the image again',
    });
}
