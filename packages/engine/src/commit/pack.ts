import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type Core, type EntryTable, Kind, padding, trailer } from '@mica/core-wasm';
import { MicaError, wrapSystemError } from '../error.ts';

/** Takes the tar's bytes in order; they are the packer's again once it returns. */
export type ByteSink = (bytes: Uint8Array) => void;

export interface PackOptions {
  readonly signal?: AbortSignal;
  readonly onFile?: (bytes: number) => void;
}

/** Headers and small files are gathered: one hash update and one write for about this many bytes. */
const BUFFER = 1 << 20;

/**
 * Writes `table` as a layer's tar, files' bytes read from below `dir`. The result depends on the
 * table and those bytes only. A file whose size is no longer the table's is an error: a layer never
 * holds what no moment of the container held.
 */
export function packLayer(core: Core, table: EntryTable, dir: string, sink: ByteSink, options: PackOptions = {}): void {
  const buffer = Buffer.allocUnsafeSlow(BUFFER);
  let fill = 0;
  const flush = () => {
    if (fill > 0) sink(buffer.subarray(0, fill));
    fill = 0;
  };
  const put = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(BUFFER - fill, bytes.length - at);
      buffer.set(bytes.subarray(at, at + n), fill);
      fill += n;
      at += n;
      if (fill === BUFFER) flush();
    }
  };
  const root = Buffer.from(`${dir}/`);
  const packer = core.packer(table);
  try {
    for (const item of packer.order) {
      options.signal?.throwIfAborted();
      put(packer.header(item));
      if (item < 0 || table.kind(item) !== Kind.file) continue;
      const size = table.size(item);
      if (size === 0) continue;
      const path = table.pathBytes(item);
      let left = size;
      const fd = open(Buffer.concat([root, path]));
      try {
        if (fstatSync(fd).size !== size) throw changed(path);
        while (left > 0) {
          // Straight into the buffer that is hashed and written: a file's bytes are copied once.
          const n = readSync(fd, buffer, fill, Math.min(left, BUFFER - fill), null);
          if (n === 0) throw changed(path);
          fill += n;
          left -= n;
          if (fill === BUFFER) flush();
        }
      } finally {
        closeSync(fd);
      }
      const pad = padding(size);
      if (pad > BUFFER - fill) flush();
      buffer.fill(0, fill, fill + pad);
      fill += pad;
      if (fill === BUFFER) flush();
      options.onFile?.(size);
    }
    put(trailer);
    flush();
  } finally {
    packer.close();
  }
}

function open(path: Buffer): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw wrapSystemError(error, 'read', path.toString());
  }
}

function changed(path: Uint8Array): MicaError {
  const subject = `/${Buffer.from(path)}`;
  return new MicaError('conflict', `${subject} changed while it was read`, {
    subject,
    hint: 'commit again, without --pause=false',
  });
}
