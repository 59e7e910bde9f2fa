import { closeSync, readSync } from 'node:fs';
import { type Core, type EntryTable, Kind, padding, trailer } from '@mica/core-wasm';
import { openFile } from '../system/in-root.ts';
import { vanished } from './read-tree.ts';

/** One write for about this many bytes. */
const CHUNK = 1 << 20;
const zeros = Buffer.alloc(512);

/**
 * The table as a tar, the bytes of its files read at `from` below the open directory. Live files: each
 * has the length that the table says, cut if it grew and filled with zeros if it shrank or went, as
 * GNU tar does, so that the archive is whole whatever happens meanwhile. The core is the generator's
 * until its end.
 */
export function* tarChunks(
  core: Core,
  table: EntryTable,
  dirfd: number,
  from: (path: Uint8Array) => Buffer,
): Generator<Buffer> {
  const out = new Gather();
  const packer = core.packer(table);
  try {
    for (const item of packer.order) {
      yield* out.add(packer.header(item));
      if (item < 0 || table.kind(item) !== Kind.file || table.size(item) === 0) continue;
      const fd = openQuietly(dirfd, from(table.pathBytes(item)));
      try {
        for (let left = table.size(item); left > 0; ) {
          const room = Math.min(left, CHUNK - out.fill);
          let n = fd === null ? 0 : readSync(fd, out.buffer, out.fill, room, null);
          if (n === 0) {
            out.buffer.fill(0, out.fill, out.fill + room);
            n = room;
          }
          out.fill += n;
          left -= n;
          if (out.fill === CHUNK) yield out.take();
        }
      } finally {
        if (fd !== null) closeSync(fd);
      }
      yield* out.add(zeros.subarray(0, padding(table.size(item))));
    }
  } finally {
    packer.close();
  }
  yield* out.add(trailer);
  if (out.fill > 0) yield out.take();
}

/** Headers and small files gathered into chunks; a chunk given away is never written again. */
class Gather {
  buffer = Buffer.allocUnsafeSlow(CHUNK);
  fill = 0;

  *add(bytes: Uint8Array): Generator<Buffer> {
    // Copied first: the packer's view ends with its next call, and the reader may take its time.
    let rest = Buffer.from(bytes);
    while (rest.length > 0) {
      const n = rest.copy(this.buffer, this.fill);
      this.fill += n;
      rest = rest.subarray(n);
      if (this.fill === CHUNK) yield this.take();
    }
  }
  take(): Buffer {
    const full = this.buffer.subarray(0, this.fill);
    this.buffer = Buffer.allocUnsafeSlow(CHUNK);
    this.fill = 0;
    return full;
  }
}

function openQuietly(dirfd: number, path: Buffer): number | null {
  try {
    return openFile(dirfd, path);
  } catch (error) {
    if (vanished(error)) return null;
    throw error;
  }
}
