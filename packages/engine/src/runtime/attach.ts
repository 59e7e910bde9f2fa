import { closeSync, constants, openSync, write, writeSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { whenReadable } from '../system/readable.ts';
import { connectSeqpacket, receive, shutdownBoth, shutdownWrite } from '../system/seqpacket.ts';

/** conmon's packets: the first byte tells the stream (conmon's src/conn_sock.c: 2 standard output, 3 standard error). */
const STDERR = 3;
const PACKET = 32768;
/**
 * conmon reads so much of its control fifo at once (src/ctrl.c, CTLBUFSZ) and, until 2.1.6 at least, takes each line of
 * it for the first; so it does with the pipe by which it passes a size on to itself. A message fills what it reads, by
 * leading blanks, and one that says nothing follows: while that is read the size is taken, and no other joins it.
 */
const CONTROL = 199;
/** So many are taken at once, before others have their turn. */
const AT_ONCE = 16;

/** A live connection to a container's streams. `close` gives the descriptor back; ends by itself with the container. */
export class AttachSocket {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly stdin: Writable;
  /** Resolves once conmon closed its side: every byte has come. */
  readonly drained: Promise<void>;
  readonly #fd: number;
  readonly #bundle: string;
  #open = true;
  /** Whether who reads a stream has to read before more is taken. */
  #stalled = false;
  #finished: () => void = () => {};

  constructor(bundle: string) {
    this.#bundle = bundle;
    this.#fd = connectSeqpacket(`${bundle}/attach`);
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(chunk, done),
      final: (done) => {
        if (this.#open) shutdownWrite(this.#fd);
        done();
      },
    });
    this.stdin.on('error', () => {}); // the container closed its standard input: as a shell's pipe would
    this.drained = new Promise((resolve) => {
      this.#finished = resolve;
    });
    this.#wait();
  }

  #wait(): void {
    whenReadable(this.#fd, () => this.#receive());
  }

  #receive(): void {
    for (let i = 0; i < AT_ONCE; i++) {
      const buffer = Buffer.allocUnsafe(PACKET + 1);
      const length = this.#next(buffer);
      if (length === null) break;
      if (length === 0) {
        this.#end();
        return;
      }
      const target = buffer[0] === STDERR ? this.stderr : this.stdout;
      if (!target.write(buffer.subarray(1, length))) {
        this.#stalled = true;
        target.once('drain', () => {
          if (!this.#stalled) return;
          this.#stalled = false;
          this.#wait();
        });
        return;
      }
    }
    this.#wait();
  }

  /** A connection that broke has ended. */
  #next(buffer: Buffer): number | null {
    try {
      return receive(this.#fd, buffer);
    } catch {
      return 0;
    }
  }

  #end(): void {
    this.#open = false;
    closeSync(this.#fd);
    this.stdout.end();
    this.stderr.end();
    this.#finished();
  }

  #send(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (!this.#open) {
      done();
      return;
    }
    // A packet is read whole or cut: conmon's buffer takes 8 KiB.
    const part = chunk.subarray(0, 8192);
    write(this.#fd, part, 0, part.length, null, (error) => {
      if (error) done(error);
      else if (part.length < chunk.length) this.#send(chunk.subarray(part.length), done);
      else done();
    });
  }

  /** The terminal's new size; of one that is gone it is nobody's business any more. */
  resize(rows: number, columns: number): void {
    try {
      // Without O_NONBLOCK the open would wait for ever once conmon, its reader, has ended.
      const fd = openSync(`${this.#bundle}/ctl`, constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        writeSync(fd, `1 ${rows} ${columns}\n`.padStart(CONTROL) + '0 0 0\n'.padStart(CONTROL));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (!['ENXIO', 'ENOENT', 'EPIPE', 'EAGAIN'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    // What waits for it hears of its end, and closes the descriptor, whose number nobody else may get before.
    shutdownBoth(this.#fd);
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#end();
  }
}
