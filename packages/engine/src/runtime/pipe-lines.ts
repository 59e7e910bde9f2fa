import { read } from 'node:fs';
import type { Socket } from 'node:net';

/** Lines from a pipe. It owns the descriptor only once {@link last} was called: that ends with closing it. */
export class PipeLines {
  readonly fd: number;
  #text = '';
  #socket: Socket | undefined;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** The next line; null at the end. Read by one of libuv's few threads: for what comes within moments. */
  async next(): Promise<string | null> {
    const buffer = Buffer.allocUnsafe(4096);
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) return this.#take(end);
      const length = await new Promise<number>((resolve, reject) =>
        read(this.fd, buffer, 0, buffer.length, null, (error, count) => (error ? reject(error) : resolve(count))),
      );
      if (length === 0) return this.#text === '' ? null : this.#take(this.#text.length);
      this.#text += buffer.toString('utf8', 0, length);
    }
  }

  /** All that comes until the other side closes, however long that takes: no thread waits for it. */
  last(): Promise<string> {
    const { Socket } = process.getBuiltinModule('node:net');
    const socket = new Socket({ fd: this.fd, readable: true, writable: false });
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#text += chunk;
    });
    socket.on('error', () => {}); // as good as its end
    return new Promise((resolve) => socket.once('close', () => resolve(this.#text.trim())));
  }

  /** Ends a {@link last} that waits; whether there was one, and with it the descriptor is gone. */
  stop(): boolean {
    this.#socket?.destroy();
    return this.#socket !== undefined;
  }

  #take(end: number): string {
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }
}
