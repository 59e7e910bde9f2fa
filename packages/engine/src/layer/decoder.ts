import type { Transform } from 'node:stream';
import { zlib } from '../system/zlib.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/**
 * A MiB of input may wait, so that the thread never waits for the socket; a quarter of one at a time out: for
 * 170 MB that took 1.3 s of CPU with memory used again for the input, 1.6 by the MiB in new memory.
 */
const options = { chunkSize: 1 << 18, writableHighWaterMark: 1 << 20 };

/** By the first bytes: RFC 1952, RFC 8878. */
export function sniff(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return Buffer.from(head.subarray(0, 4)).toString('hex') === '28b52ffd' ? 'zstd' : 'none';
}

/** The program that made these first bytes, where it is one that docker's layers may be packed with and ours not. */
export function foreignCompression(head: Uint8Array): 'xz' | 'bzip2' | null {
  const magic = Buffer.from(head.subarray(0, 6)).toString('hex');
  if (magic === 'fd377a585a00') return 'xz';
  return magic.startsWith('425a68') ? 'bzip2' : null; // BZh
}

/** By the media type's end, which OCI's and docker's have in common. */
export function compressionOf(mediaType: string): Compression {
  if (mediaType.endsWith('gzip')) return 'gzip';
  return mediaType.endsWith('zstd') ? 'zstd' : 'none';
}

/** Works on zlib's own threads; null when there is nothing to decompress. */
export function decoderOf(compression: Compression): Transform | null {
  if (compression === 'none') return null;
  return compression === 'gzip' ? zlib().createGunzip(options) : zlib().createZstdDecompress(options);
}
