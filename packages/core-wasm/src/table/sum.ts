import type { KernelExports } from '../kernel/instance.ts';

/*
 * A sum of a table's bytes, for where it is stored. Word by word, each step one to one: whatever changes one word changes
 * the sum. Eight of them side by side, each of every eighth word, wait for each other no more: 5 GB/s in the kernel, and
 * nothing to load: node:zlib with its crc32 takes 3 ms, more than all tables of a small image.
 */
const LANES = 8;
const GROUP = 4 * LANES; // bytes
const FACTOR = 0x9e3779b1;

/** Of any bytes. */
export function sumOf(bytes: Uint8Array<ArrayBuffer>): number {
  const lanes = beginSum(bytes.length);
  addGroups(lanes, bytes.subarray(0, bytes.length - (bytes.length % GROUP)));
  return endSum(lanes, bytes);
}

/**
 * The same of a table whose records, rests and heap are in linear memory at `places`, each so many whole groups long but
 * the last, and whose bytes before them are those of `bytes`: a loop that has just begun is slow in JavaScript, 6 ms for
 * 10,000 entries.
 */
export function sumInKernel(
  kernel: KernelExports,
  bytes: Uint8Array<ArrayBuffer>,
  places: readonly (readonly [at: number, length: number])[],
): number {
  const before = bytes.length - places.reduce((all, [, length]) => all + length, 0);
  const lanes = new Int32Array(kernel.memory.buffer, kernel.sumLanes(), LANES);
  lanes.set(beginSum(bytes.length));
  addGroups(lanes, bytes.subarray(0, before));
  for (const [at, length] of places) kernel.sumGroups(at, Math.floor(length / GROUP));
  return endSum(lanes, bytes);
}

/** The length is in each. */
function beginSum(length: number): Int32Array {
  return new Int32Array(LANES).fill(length);
}

function addGroups(lanes: Int32Array, bytes: Uint8Array<ArrayBuffer>): void {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(buffer, byteOffset, length >>> 2);
  for (let at = 0; at < words.length; at++) lanes[at % LANES] = mixed(lanes[at % LANES] as number, words[at] as number);
}

/** Of the lanes, and what is left of no whole group. */
function endSum(lanes: Int32Array, bytes: Uint8Array): number {
  let sum = 0;
  for (const lane of lanes) sum = mixed(sum, spread(lane));
  for (let at = bytes.length - (bytes.length % GROUP); at < bytes.length; at++) sum = mixed(sum, bytes[at] as number);
  return sum;
}

/** One to one in either. */
function mixed(sum: number, word: number): number {
  const product = Math.imul(sum ^ word, FACTOR);
  return product ^ (product >>> 15);
}

/** One to one, each bit of it in all others: of words that are a lane's last ones the top bits are in few others else. */
function spread(lane: number): number {
  const half = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  const all = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return all ^ (all >>> 16);
}
