import { adviseFew, HUGE } from '../system/huge-pages.ts';
import { addressOf } from '../system/library.ts';
import { ALIGNED } from './layer-file.ts';

/** Bytes of a buffer that a layer goes through. */
export const BUFFER_BYTES = 1 << 20;

/**
 * Not zeroed, from where direct writes may begin, and no Buffer: its `fill` checks each of its arguments by calls that
 * take longer than the filling. What holds a huge page begins with one: of 4 MiB from anywhere half were 512 small ones.
 */
export function freshBytes(length: number): Uint8Array<ArrayBuffer> {
  const isLarge = length >= HUGE;
  const align = isLarge ? HUGE : ALIGNED;
  const memory = Buffer.allocUnsafeSlow(length + align);
  const at = addressOf(memory);
  const before = -at & (align - 1);
  if (isLarge) adviseFew(at + before, length);
  return new Uint8Array(memory.buffer, memory.byteOffset + before, length);
}

/**
 * Hashes a layer out of the buffers that it is gathered in: given again and again, in order of their numbers, or the same
 * one where it hashes at once.
 */
export interface LayerHash {
  buffer(slot: number): Uint8Array;
  /** Takes the first `length` bytes of a buffer; until they are hashed it is not to be changed. */
  give(slot: number, length: number): void;
  isHashed(count: number): boolean;
  /** Resolves once so many of the buffers given are hashed. */
  hashed(count: number): Promise<void>;
  /** Nothing is given any more. */
  digest(): Promise<Uint8Array>;
  /** Gives back what it holds once nothing is at work on it. Idempotent. */
  close(): Promise<void>;
}
