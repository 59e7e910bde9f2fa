import { createHash } from 'node:crypto';
import { Core } from '@mica/core-wasm';
import type { Digest } from './digest.ts';

/** From this length on node:crypto, where the processor has SHA instructions, is worth its loading. */
const LONG = 1 << 20;

let core: Core | undefined;

/** SHA-256 of bytes at hand, in hexadecimal. Of short ones by the kernel: it is there in 3 ms, node:crypto in 10. */
export function sha256Hex(bytes: Uint8Array): string {
  if (bytes.length >= LONG) return createHash('sha256').update(bytes).digest('hex');
  core ??= new Core();
  return Buffer.from(core.hash.create().update(bytes).digest()).toString('hex');
}

/** The digest of a document, or of a text in UTF-8. */
export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${sha256Hex(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)}`;
}
