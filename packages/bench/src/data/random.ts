const words =
  'layer whiteout opaque upper lower merge commit image table entry digest blob chain rootfs scan pack'.split(' ');

/** The same numbers from the same seed on every machine (xorshift32): a workload is what it was last time. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }
  /** 32 bits. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
  fraction(): number {
    return this.next() / 4294967296;
  }
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }
  bytes(length: number): Buffer {
    const buffer = Buffer.alloc((length + 3) & ~3);
    for (let at = 0; at < buffer.length; at += 4) buffer.writeUInt32LE(this.next(), at);
    return buffer.subarray(0, length);
  }
  text(length: number): Buffer {
    const parts: string[] = [];
    for (let left = length; left > 0; ) {
      const word = `${words[this.below(words.length)]} `;
      parts.push(word);
      left -= word.length;
    }
    return Buffer.from(parts.join('')).subarray(0, length);
  }
}
