import { on } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { MicaError } from '../error.ts';
import type { Digest } from '../reference/digest.ts';
import { LayerReader, type TakenLayer } from './layer-reader.ts';
import { Unpacking } from './unpacking.ts';

export interface StreamMessage {
  readonly layersDir: string;
  readonly diffId: Digest;
  /** Chunks come in, then 'end' or 'abort'; the length of each that was taken goes back. */
  readonly port: MessagePort;
}

/** One layer unpacked in a worker while its bytes come in. Null when it was called off. */
export async function run({ layersDir, diffId, port }: StreamMessage): Promise<TakenLayer | null> {
  const reader = new LayerReader(new Unpacking(layersDir, diffId));
  try {
    for await (const [message] of on(port, 'message') as AsyncIterable<[Uint8Array | 'end' | 'abort']>) {
      if (message === 'abort') return null;
      if (message === 'end') break;
      await reader.push(message);
      port.postMessage(message.length);
    }
    const layer = await reader.end();
    if (layer instanceof MicaError) throw layer;
    return layer;
  } finally {
    reader.abort();
    port.close();
  }
}
