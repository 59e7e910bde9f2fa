import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { MicaError } from '../error.ts';
import type { Pool } from '../pool/pool.ts';
import type { Digest } from '../reference/digest.ts';
import { release } from '../system/release.ts';
import type { TakenLayer } from './layer-reader.ts';

/** New bytes that are worth a message: for each the thread reads, and decompresses, once. */
const step = 1 << 18;

/**
 * A LayerReader whose work is done in a thread of the pool: the same `push`, `end` and `abort`. The bytes
 * are those of a growing file, which the thread reads by itself, so nothing is copied between threads and a
 * download goes on while every thread is busy; `push` only says how many there are.
 */
export class PooledReader {
  readonly #port: MessagePort;
  readonly #layer: Promise<TakenLayer | null | MicaError>;
  #there = 0;
  #told = 0;
  #over = false;

  /**
   * `inline`: the thread decompresses by itself ({@link LayerReader}). `path` is there, and where it is, until `end` has
   * answered or `abort` was called.
   */
  constructor(pool: Pool, layersDir: string, diffId: Digest, path: string, inline: boolean) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#layer = pool
      .run<TakenLayer | null>('unpack-stream', { layersDir, diffId, path, inline, port: port2 }, [port2])
      .catch((error: unknown) =>
        error instanceof MicaError ? error : new MicaError('invalid-layer', (error as Error).message, { cause: error }),
      )
      .finally(() => {
        this.#over = true;
        port1.close();
      });
  }

  /** Takes the chunk over: its bytes are in the file. */
  async push(chunk: Uint8Array): Promise<void> {
    this.#there += chunk.length;
    release(chunk);
    if (this.#there - this.#told >= step) this.#tell(this.#there);
  }

  async end(): Promise<TakenLayer | MicaError> {
    this.#tell(this.#there);
    this.#tell('end');
    return (await this.#layer) ?? new MicaError('aborted', 'unpacking was called off');
  }

  /** Returns when the thread has let go of the layer. */
  async abort(): Promise<void> {
    this.#tell('abort');
    await this.#layer;
  }

  #tell(what: number | 'end' | 'abort'): void {
    if (this.#over) return;
    if (typeof what === 'number') this.#told = what;
    this.#port.postMessage(what);
  }
}
