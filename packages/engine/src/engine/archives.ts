import type { Readable, Writable } from 'node:stream';
import { requireStream, requireTask, requireText, requireTexts } from '../argument.ts';
import type { ImportOptions, LoadedImage, LoadOptions, SaveOptions } from '../contract/image.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/** `engine.archives`: images as files. */
export class Archives {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * docker import; the new image's ID. The stream is read to its end, or destroyed.
   * @throws MicaError invalid-archive, invalid-reference, limit-exceeded, no-space
   */
  async import(source: Readable, options: ImportOptions = {}): Promise<Digest> {
    requireStream(source, 'source', 'pipe');
    requireTask(options);
    const { importRootfs } = await import('../archive/import.ts');
    return importRootfs(this.#store, source, options);
  }
  /**
   * docker load; a stream, which is read to its end or destroyed, or the path of an archive or of an OCI layout's
   * directory. All of its images, or none. @throws MicaError invalid-archive, digest-mismatch, limit-exceeded, no-space
   */
  async load(source: Readable | string, options: LoadOptions = {}): Promise<LoadedImage[]> {
    requirePlace(source, 'source', 'pipe');
    requireTask(options);
    const { loadImages } = await import('../archive/load.ts');
    return loadImages(this.#store, source, options);
  }
  /**
   * docker save: a tar into the stream, which is ended (standard output is not), or an OCI layout into a directory that
   * is new or empty. @throws MicaError no-such-image, conflict (the directory is not empty), store-damaged
   */
  async save(names: readonly string[], output: Writable | string, options: SaveOptions = {}): Promise<void> {
    requireTexts(names, 'names');
    requirePlace(output, 'output', 'write');
    requireTask(options);
    const { saveImages } = await import('../archive/save.ts');
    const { withDirectory, writeTar } = await import('../archive/sinks.ts');
    if (typeof output === 'string')
      return withDirectory(output, (sink) => saveImages(this.#store, names, sink, options));
    return writeTar(output, (sink) => saveImages(this.#store, names, sink, options), options.signal);
  }
}

function requirePlace(value: unknown, what: string, method: 'pipe' | 'write'): void {
  if (typeof value === 'string') requireText(value, what);
  else requireStream(value, what, method);
}
