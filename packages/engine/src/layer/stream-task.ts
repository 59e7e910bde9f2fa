import { closeSync, openSync, readSync } from 'node:fs';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { MicaError } from '../error.ts';
import type { Digest } from '../reference/digest.ts';
import { LayerReader, type TakenLayer } from './layer-reader.ts';
import { Unpacking } from './unpacking.ts';

export interface StreamMessage {
  readonly layersDir: string;
  readonly diffId: Digest;
  /** The blob, which grows while it comes in. */
  readonly path: string;
  /** Decompressed by the same thread: the others have layers of their own. */
  readonly inline: boolean;
  /** How many bytes are there comes in, again and again, then 'end' or 'abort'. */
  readonly port: MessagePort;
}

const atMost = 1 << 18;

/** One layer unpacked in a worker while its bytes come in. Null when it was called off. */
export async function run({ layersDir, diffId, path, inline, port }: StreamMessage): Promise<TakenLayer | null> {
  const news = new News(port);
  // It may have waited for a thread until nobody wants it any more, and the file is gone.
  if (news.aborted) return null;
  const fd = openSync(path, 'r');
  const reader = new LayerReader(new Unpacking(layersDir, diffId), { inline });
  try {
    // One is read into while the decompressor has the other.
    const buffers = [0, 1].map(() => ({ bytes: Buffer.allocUnsafeSlow(atMost), taken: Promise.resolve() }));
    for (let at = 0; await news.beyond(at); buffers.reverse()) {
      const [buffer] = buffers as [(typeof buffers)[number]];
      await buffer.taken;
      const n = readSync(fd, buffer.bytes, 0, Math.min(atMost, news.there - at), at);
      if (n === 0) throw new MicaError('store-damaged', `${path} was cut off while it was read`, { subject: path });
      at += n;
      buffer.taken = reader.take(buffer.bytes.subarray(0, n));
    }
    if (news.aborted) return null;
    const layer = await reader.end();
    if (layer instanceof MicaError) throw layer;
    return layer;
  } finally {
    reader.abort();
    closeSync(fd);
    port.close();
  }
}

/** What the other side has said so far. */
class News {
  there = 0;
  aborted = false;
  #ended = false;
  #wake: (() => void) | null = null;
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
    this.#catchUp();
    port.on('message', (message: number | 'end' | 'abort') => {
      this.#hear(message);
      this.#wake?.();
    });
  }

  /** Waits for bytes after `at`; false when none will come. */
  async beyond(at: number): Promise<boolean> {
    this.#catchUp();
    while (!this.aborted && !this.#ended && this.there <= at)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return !this.aborted && this.there > at;
  }

  /** A layer that is not compressed is unpacked without a pause in which events would come in. */
  #catchUp(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port))
      this.#hear(next.message);
  }

  #hear(message: number | 'end' | 'abort'): void {
    if (message === 'end') this.#ended = true;
    else if (message === 'abort') this.aborted = true;
    else this.there = message;
  }
}
