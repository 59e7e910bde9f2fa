import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { MicaError } from '../error.ts';
import type { Pool } from '../pool/pool.ts';
import type { Digest } from '../reference/digest.ts';
import type { TakenLayer } from './layer-reader.ts';

/** Bytes on their way to the thread at most: enough that neither side waits for the other's next chunk. */
const ahead = 4 << 20;

/** A LayerReader whose work is done in a thread of the pool: the same `push`, `end` and `abort`. */
export class PooledReader {
  readonly #port: MessagePort;
  readonly #layer: Promise<TakenLayer | null | MicaError>;
  #outstanding = 0;
  #over = false;
  #wake: (() => void) | null = null;

  constructor(pool: Pool, layersDir: string, diffId: Digest) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (taken: number) => {
      this.#outstanding -= taken;
      this.#wake?.();
    });
    this.#layer = pool
      .run<TakenLayer | null>('unpack-stream', { layersDir, diffId, port: port2 }, [port2])
      .catch((error: unknown) =>
        error instanceof MicaError ? error : new MicaError('invalid-layer', (error as Error).message, { cause: error }),
      )
      .finally(() => {
        // Whatever ended it, nobody waits for a thread that takes nothing any more.
        this.#over = true;
        this.#wake?.();
        port1.close();
      });
  }

  async push(chunk: Uint8Array): Promise<void> {
    if (this.#over) return;
    this.#outstanding += chunk.length;
    this.#port.postMessage(chunk);
    while (this.#outstanding > ahead && !this.#over)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  async end(): Promise<TakenLayer | MicaError> {
    if (!this.#over) this.#port.postMessage('end');
    return (await this.#layer) ?? new MicaError('aborted', 'unpacking was called off');
  }

  abort(): void {
    if (!this.#over) this.#port.postMessage('abort');
  }
}
