import { type KindCode, LINE_BYTES, R, REST } from './layout.ts';

const utf8 = new TextDecoder();

export type Xattr = readonly [name: string, value: Uint8Array];

/**
 * Reads records by index out of bytes that hold records, their rests and a heap. Subclasses say where these are:
 * an {@link EntryTable} in its own block, a scanner in linear memory that may move between calls.
 * Numbers beyond 2^53 do not occur: sizes and offsets are capped where they come in.
 */
export abstract class RecordView {
  protected abstract readonly view: DataView;
  protected abstract readonly recordsAt: number;
  protected abstract readonly restsAt: number;
  protected abstract readonly heapAt: number;

  protected at(index: number): number {
    return this.recordsAt + index * LINE_BYTES;
  }
  protected rest(index: number): number {
    return this.restsAt + index * LINE_BYTES;
  }
  /** Bytes of the heap, whose offset and length are at these places. */
  private bytesOf(offset: number, length: number): Uint8Array {
    const start = this.view.byteOffset + this.heapAt + this.view.getUint32(offset, true);
    return new Uint8Array(this.view.buffer, start, this.view.getUint32(length, true));
  }

  /** Path bytes, no slash at either end; a view, valid as long as the table's bytes. */
  pathBytes(index: number): Uint8Array {
    const at = this.at(index);
    return this.bytesOf(at + R.pathOffset, at + R.pathLength);
  }
  path(index: number): string {
    return utf8.decode(this.pathBytes(index));
  }
  /** A symlink's target as it stands; a hard link's as a normalised path. */
  linkBytes(index: number): Uint8Array {
    return this.bytesOf(this.rest(index) + REST.linkOffset, this.at(index) + R.linkLength);
  }
  link(index: number): string {
    return utf8.decode(this.linkBytes(index));
  }
  kind(index: number): KindCode {
    return this.view.getUint8(this.at(index) + R.kind) as KindCode;
  }
  flags(index: number): number {
    return this.view.getUint8(this.at(index) + R.flags);
  }
  /** Permission bits, 07777. */
  mode(index: number): number {
    return this.view.getUint16(this.at(index) + R.mode, true);
  }
  uid(index: number): number {
    return this.view.getUint32(this.at(index) + R.uid, true);
  }
  gid(index: number): number {
    return this.view.getUint32(this.at(index) + R.gid, true);
  }
  mtimeSec(index: number): bigint {
    return this.view.getBigInt64(this.at(index) + R.mtimeSec, true);
  }
  mtimeNsec(index: number): number {
    return this.view.getUint32(this.at(index) + R.mtimeNsec, true);
  }
  /** Bytes of the file, holes included. */
  size(index: number): number {
    return this.wide(this.at(index) + R.size);
  }
  /** Where a file's bytes start in the uncompressed tar. */
  dataOffset(index: number): number {
    return this.wide(this.at(index) + R.dataOffset);
  }
  /** Bytes of the file in the tar: less than `size` for a sparse one. */
  storedSize(index: number): number {
    return this.wide(this.rest(index) + REST.storedSize);
  }
  devMajor(index: number): number {
    return this.view.getUint32(this.rest(index) + REST.devMajor, true);
  }
  devMinor(index: number): number {
    return this.view.getUint32(this.rest(index) + REST.devMinor, true);
  }
  /** In a union: the number of the table it came from. */
  layer(index: number): number {
    return this.view.getUint32(this.at(index) + R.layer, true);
  }
  /** Its place in the source. */
  seq(index: number): number {
    return this.view.getUint32(this.rest(index) + REST.seq, true);
  }
  ino(index: number): bigint {
    return this.view.getBigUint64(this.rest(index) + REST.ino, true);
  }
  dev(index: number): bigint {
    return this.view.getBigUint64(this.rest(index) + REST.dev, true);
  }
  ctimeNs(index: number): bigint {
    return this.view.getBigInt64(this.rest(index) + REST.ctime, true);
  }
  /** Whether two entries are of one file of a file system, which has not changed in between. */
  isSameFile(index: number, other: RecordView, otherIndex: number): boolean {
    const [a, b] = [this.rest(index), other.rest(otherIndex)];
    for (let field: number = REST.ino; field < REST.ctime + 8; field += 4)
      if (this.view.getUint32(a + field, true) !== other.view.getUint32(b + field, true)) return false;
    return true;
  }
  /** Runs of data in a sparse file as [offset, length]; null when it has no holes on record. */
  sparse(index: number): (readonly [number, number])[] | null {
    const bytes = this.sparseBytes(index);
    if (bytes.length === 0) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const runs: [number, number][] = [];
    for (let at = 0; at < bytes.length; at += 16)
      runs.push([Number(view.getBigUint64(at, true)), Number(view.getBigUint64(at + 8, true))]);
    return runs;
  }
  hasXattrs(index: number): boolean {
    return this.view.getUint32(this.at(index) + R.xattrLength, true) !== 0;
  }
  /** Extended attributes, a name's bytes each a character (latin1); values are views. */
  xattrs(index: number): Xattr[] {
    const bytes = this.xattrBytes(index);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const found: Xattr[] = [];
    for (let at = 0; at < bytes.length; ) {
      const nameLength = view.getUint32(at, true);
      const valueAt = at + 8 + nameLength;
      const end = valueAt + view.getUint32(at + 4, true);
      found.push([Buffer.prototype.latin1Slice.call(bytes, at + 8, valueAt), bytes.subarray(valueAt, end)]);
      at = end;
    }
    return found;
  }
  /** Extended attributes and sparse map as they are stored, for a copy of the entry elsewhere. */
  carried(index: number): readonly [xattrs: Uint8Array, sparse: Uint8Array] {
    return [this.xattrBytes(index), this.sparseBytes(index)];
  }
  private xattrBytes(index: number): Uint8Array {
    return this.bytesOf(this.rest(index) + REST.xattrOffset, this.at(index) + R.xattrLength);
  }
  private sparseBytes(index: number): Uint8Array {
    const rest = this.rest(index);
    return this.bytesOf(rest + REST.sparseOffset, rest + REST.sparseLength);
  }
  private wide(at: number): number {
    return this.view.getUint32(at + 4, true) * 4294967296 + this.view.getUint32(at, true);
  }
}
