import { addressOf, native } from '../system/library.ts';

const INIT = 'int inflateInit2_(void *stream, int windowBits, const char *version, int size)';
const INFLATE = 'int inflate(void *stream, int flush)';
const RESET = 'int inflateReset(void *stream)';
const END = 'int inflateEnd(void *stream)';

// z_stream (zlib.h) where a long and a pointer have 64 bits.
const SIZE = 112;
const NEXT_IN = 0;
const AVAIL_IN = 8;
const NEXT_OUT = 24;
const AVAIL_OUT = 32;

const GZIP_ONLY = 16 + 15;
const OK = 0;
const STREAM_END = 1;
const DATA_ERROR = -3;
/** Neither input nor room was left: no error. */
const BUF_ERROR = -5;

/** Stays in the second-level cache between the decompressor and who takes it. */
const OUT = 1 << 18;

/**
 * gunzip on the thread that calls it, by the zlib that Node has in it. node:zlib's streams hand each chunk to
 * another thread and back, in new memory each time: where every processor has a layer of its own that is only a
 * detour. `close` gives back what the stream holds.
 */
export class Inflater {
  readonly #stream = new DataView(new ArrayBuffer(SIZE));
  readonly #out = Buffer.allocUnsafeSlow(OUT);
  readonly #outAt = addressOf(this.#out);
  #member: 'none' | 'begun' | 'ended' | 'last' = 'none';
  #closed = false;

  private constructor() {
    if (native(INIT)(this.#stream, GZIP_ONLY, '1', SIZE) !== OK) throw new Error('zlib has no memory');
  }

  /** Null where Node does not show its zlib, or where it is one of another layout. */
  static make(): Inflater | null {
    Inflater.#works ??= Inflater.#test();
    return Inflater.#works ? new Inflater() : null;
  }
  static #works: boolean | undefined;

  static #test(): boolean {
    try {
      const inflater = new Inflater();
      let plain = '';
      inflater.push(Buffer.from(sample, 'hex'), (bytes) => {
        plain += Buffer.from(bytes).toString('latin1');
        return true;
      });
      inflater.end();
      inflater.close();
      return plain === 'abc';
    } catch {
      return false;
    }
  }

  /** `take` gets the plain bytes, which hold during the call only, and says whether to go on. @throws Error */
  push(chunk: Uint8Array, take: (plain: Uint8Array) => boolean): void {
    const stream = this.#stream;
    this.#set(NEXT_IN, addressOf(chunk));
    stream.setUint32(AVAIL_IN, chunk.length, true);
    for (;;) {
      const left = stream.getUint32(AVAIL_IN, true);
      if (this.#member === 'ended' && left > 0) this.#next(chunk[chunk.length - left] as number);
      if (this.#member === 'last' || (this.#member === 'ended' && left === 0)) return;
      this.#member = 'begun';
      this.#set(NEXT_OUT, this.#outAt);
      stream.setUint32(AVAIL_OUT, OUT, true);
      const result = native(INFLATE)(stream, 0);
      const given = OUT - stream.getUint32(AVAIL_OUT, true);
      if (given > 0 && !take(this.#out.subarray(0, given))) return;
      const over = stream.getUint32(AVAIL_IN, true) === 0;
      if (result === STREAM_END) this.#member = 'ended';
      else if (result !== OK && !(result === BUF_ERROR && over)) throw damaged(result);
      else if (over && given < OUT) return;
    }
  }

  /** A gzip file may be several, one after the other; zeros fill it up, and what follows them is nobody's. */
  #next(byte: number): void {
    this.#member = byte === 0 ? 'last' : 'begun';
    if (byte !== 0) native(RESET)(this.#stream);
  }

  /** No more will come. @throws Error when that is too early */
  end(): void {
    if (this.#member === 'begun') throw new Error('unexpected end of file');
  }

  close(): void {
    if (!this.#closed) native(END)(this.#stream);
    this.#closed = true;
  }

  #set(field: number, address: number): void {
    this.#stream.setBigUint64(field, BigInt(address), true);
  }
}

function damaged(result: number): Error {
  return new Error(result === DATA_ERROR ? 'incorrect gzip data' : `zlib error ${result}`);
}

/** "abc" */
const sample = '1f8b08000000000000034b4c4a0600c241243503000000';
