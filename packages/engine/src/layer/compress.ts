import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { zlib } from '../system/zlib.ts';

/** Input that is compressed as one piece; fixed, as it is part of what the output depends on. */
const gzipBlock = 1 << 20;
const zstdBlock = 4 << 20;
/** How far deflate looks back (RFC 1951, section 2): the end of one block is the dictionary of the next. */
const window = 32_768;

export interface Compressor {
  readonly compression: 'gzip' | 'zstd';
  readonly level: number;
}

/** How a blob was made of the plain tar, as the store remembers it. */
export function recipeOf({ compression, level }: Compressor): string {
  return `${compression}:${level}`;
}

/**
 * A file compressed in blocks, side by side on zlib's threads, in order: one gzip member as any gunzip
 * reads it, or zstd frames one after the other. The bytes depend on the file and the level, not on how
 * many threads there are. At most two blocks a processor are in memory. `onPlain` sees the file's bytes.
 */
export async function* compressFile(
  path: string,
  { compression, level }: Compressor,
  onPlain: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const { constants, crc32, deflateRaw, zstdCompress } = zlib();
  const deflate = promisify(deflateRaw);
  const zstd = promisify(zstdCompress);
  const size = compression === 'gzip' ? gzipBlock : zstdBlock;
  const file = await open(path, 'r');
  const pending: Promise<Uint8Array>[] = [];
  const most = availableParallelism() * 2;
  let before: Uint8Array | null = null;
  let crc = 0;
  let total = 0;
  const start = (block: Uint8Array) => {
    if (compression === 'zstd') return zstd(block, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    const dictionary = before?.subarray(-window);
    before = block;
    crc = crc32(block, crc);
    return deflate(block, { level, finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary ? { dictionary } : {}) });
  };
  try {
    // RFC 1952, section 2.3: no name, no time, an unknown system: nothing but the content counts.
    if (compression === 'gzip') yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    for (;;) {
      const block = await readBlock(file, size);
      if (block.length > 0) {
        total += block.length;
        onPlain(block);
        const piece = start(block);
        piece.catch(() => {}); // met when its turn comes
        pending.push(piece);
      }
      const ended = block.length < size;
      while (pending.length > (ended ? 0 : most)) yield (await pending.shift()) as Uint8Array;
      if (ended) break;
    }
    if (compression === 'gzip') {
      const trailer = Buffer.alloc(10);
      trailer[0] = 3; // an empty last block: the ones before it ended with a flush
      trailer.writeUInt32LE(crc >>> 0, 2);
      trailer.writeUInt32LE(total % 2 ** 32, 6);
      yield trailer;
    }
  } finally {
    await Promise.allSettled(pending);
    await file.close();
  }
}

async function readBlock(file: Awaited<ReturnType<typeof open>>, size: number): Promise<Uint8Array> {
  const block = Buffer.allocUnsafeSlow(size);
  let fill = 0;
  while (fill < size) {
    const { bytesRead } = await file.read(block, fill, size - fill);
    if (bytesRead === 0) break;
    fill += bytesRead;
  }
  return block.subarray(0, fill);
}
