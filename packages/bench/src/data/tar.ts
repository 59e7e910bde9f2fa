import { type Core, type EntryTable, Kind, padding, trailer } from '@mica/core-wasm';

/** The table as a tar, each file's size set to `size` bytes of nothing. */
export function tarOf(core: Core, table: EntryTable, size: number): Buffer {
  const parts: Uint8Array[] = [];
  const body = Buffer.alloc(size + padding(size));
  const packer = core.packer(table);
  for (const item of packer.order) {
    const header = Buffer.from(packer.header(item));
    parts.push(header);
    if (item < 0 || table.kind(item) !== Kind.file) continue;
    resize(header, size);
    parts.push(body);
  }
  packer.close();
  parts.push(trailer);
  return Buffer.concat(parts);
}

/** Writes another size into the last block of a header, and its checksum anew (POSIX.1-2017 pax, "ustar"). */
function resize(header: Buffer, size: number): void {
  const block = header.subarray(header.length - 512);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
