import type { KernelExports } from '../kernel/instance.ts';

/*
 * A sum of a table's bytes, for where it is stored. Word by word, each step one to one: whatever changes one word changes
 * the sum. 1 GB/s, and nothing to load: node:zlib with its crc32 takes 3 ms, more than all tables of a small image.
 */

/** Of any bytes. */
export function sumOf(bytes: Uint8Array<ArrayBuffer>): number {
  const { length } = bytes;
  return endSum(addWords(length, bytes.subarray(0, length & ~3)), bytes);
}

/**
 * The same of a table whose records, rests and heap are in linear memory at `places`, each so many whole words long but the last,
 * and whose bytes before them are those of `bytes`: a loop that has just begun is slow in JavaScript, 6 ms for 10,000 entries.
 */
export function sumInKernel(
  kernel: KernelExports,
  bytes: Uint8Array<ArrayBuffer>,
  places: readonly (readonly [at: number, length: number])[],
): number {
  const before = bytes.length - places.reduce((all, [, length]) => all + length, 0);
  let sum = addWords(bytes.length, bytes.subarray(0, before));
  for (const [at, length] of places) sum = kernel.sumWords(sum, at, length >>> 2);
  return endSum(sum, bytes);
}

function addWords(seed: number, bytes: Uint8Array<ArrayBuffer>): number {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(buffer, byteOffset, length >>> 2);
  let sum = seed;
  for (let at = 0; at < words.length; at++) {
    sum = Math.imul(sum ^ (words[at] as number), 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  return sum;
}

/** What is left of no whole word. */
function endSum(sum: number, bytes: Uint8Array): number {
  let ended = sum;
  for (let at = bytes.length & ~3; at < bytes.length; at++)
    ended = Math.imul(ended ^ (bytes[at] as number), 0x9e3779b1);
  return ended;
}
