import { comparePaths, type Entry, isBelow } from './entry.ts';

const BLOCK = 512;
const kinds: Record<string, Entry['kind']> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
};

/** The tar kernel's scan over objects: ustar and pax, chunks of any size, whiteouts folded in. */
export class TarScan {
  readonly #entries: Entry[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #skip = 0;
  #offset = 0;
  #pax = new Map<string, string>();
  #ended = false;

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#pending.length > 0) bytes = Buffer.concat([this.#pending, bytes]);
    let at = 0;
    while (!this.#ended) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (bytes.length - at < BLOCK) break;
      const used = this.#header(bytes, at);
      if (used === 0) break; // the body of a pax header is not whole yet
      at += used;
    }
    this.#offset += at;
    this.#pending = this.#ended ? Buffer.alloc(0) : bytes.subarray(at);
  }

  /** Reads one header at `at`; the bytes it takes, 0 when more have to come. */
  #header(bytes: Buffer, at: number): number {
    if (bytes[at] === 0 && bytes.subarray(at, at + BLOCK).every((byte) => byte === 0)) {
      this.#ended = true;
      return BLOCK;
    }
    let sum = 256;
    for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += bytes[at + i] as number;
    if (sum !== octal(bytes, at + 148, 8)) throw new Error('not a tar header');
    const type = String.fromCharCode(bytes[at + 156] as number);
    const size = octal(bytes, at + 124, 12);
    if (type === 'x') {
      const whole = BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      if (bytes.length - at < whole) return 0;
      this.#pax = paxRecords(bytes.subarray(at + BLOCK, at + BLOCK + size));
      return whole;
    }
    this.#entry(bytes, at, type, size);
    return BLOCK;
  }

  #entry(bytes: Buffer, at: number, type: string, headerSize: number): void {
    const pax = this.#pax;
    let kind = kinds[type];
    if (!kind) throw new Error(`unknown entry type ${type}`);
    const prefix = text(bytes, at + 345, 155);
    const name = pax.get('path') ?? (prefix ? `${prefix}/${text(bytes, at, 100)}` : text(bytes, at, 100));
    let path = normalise(name);
    let implied = false;
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (base === '.wh..wh..opq') {
      kind = 'dir';
      implied = true;
      path = path.slice(0, Math.max(0, path.length - base.length - 1));
    } else if (base.startsWith('.wh.') && kind !== 'dir') {
      if (base === '.wh.' || base === '.wh..' || base === '.wh...') throw new Error('a whiteout hides nothing');
      kind = 'whiteout';
      path = path.slice(0, path.length - base.length) + base.slice(4);
    }
    const time = pax.get('mtime');
    const [seconds = '0', fraction = ''] = time?.split('.') ?? [];
    const prefixLength = 'SCHILY.xattr.'.length;
    const named = [...pax].filter(([key]) => key.startsWith('SCHILY.xattr.'));
    const xattrs =
      named.length > 0 ? new Map(named.map(([key, value]) => [key.slice(prefixLength), value])) : undefined;
    const size = pax.has('size') ? Number(pax.get('size')) : headerSize;
    const link = pax.get('linkpath') ?? text(bytes, at + 157, 100);
    const device = kind === 'char' || kind === 'block';
    this.#entries.push({
      path,
      kind,
      mode: implied ? 0o755 : kind === 'symlink' ? 0o777 : octal(bytes, at + 100, 8) & 0o7777,
      uid: pax.has('uid') ? Number(pax.get('uid')) : octal(bytes, at + 108, 8),
      gid: pax.has('gid') ? Number(pax.get('gid')) : octal(bytes, at + 116, 8),
      mtimeSec: time ? Number(seconds) : octal(bytes, at + 136, 12),
      mtimeNsec: Number(fraction.padEnd(9, '0').slice(0, 9)),
      size: kind === 'file' ? size : 0,
      dataOffset: this.#offset + at + BLOCK,
      link: kind === 'hardlink' ? normalise(link) : kind === 'symlink' ? link : '',
      xattrs,
      devMajor: device ? octal(bytes, at + 329, 8) : 0,
      devMinor: device ? octal(bytes, at + 337, 8) : 0,
      opaque: implied,
      implied,
      layer: 0,
      seq: this.#entries.length,
    });
    if (pax.size > 0) this.#pax = new Map();
    this.#skip = kind === 'file' ? Math.ceil(size / BLOCK) * BLOCK : 0;
  }

  /** The finished layer: sorted, one entry a path, every ancestor present. */
  entries(): Entry[] {
    const ordered = this.#entries.sort((a, b) => comparePaths(a.path, b.path) || a.seq - b.seq);
    const finished: Entry[] = [];
    const parents: Entry[] = [];
    for (const entry of ordered) {
      const last = finished.at(-1);
      if (last?.path === entry.path) {
        fold(last, entry);
        continue;
      }
      while (parents.length > 0 && !isBelow(entry.path, (parents.at(-1) as Entry).path)) parents.pop();
      let from = (parents.at(-1)?.path.length ?? -1) + 1;
      for (let end = entry.path.indexOf('/', from); end >= 0; end = entry.path.indexOf('/', from)) {
        const parent = impliedDir(entry.path.slice(0, end), entry.seq);
        parents.push(parent);
        finished.push(parent);
        from = end + 1;
      }
      parents.push(entry);
      finished.push(entry);
    }
    return finished;
  }
}

/** Makes of two entries of one path the one that they mean together: an entry beats a whiteout, the later the earlier. */
function fold(into: Entry, later: Entry): void {
  const hides = into.kind === 'whiteout' || later.kind === 'whiteout' || into.opaque || later.opaque;
  if (later.kind !== 'whiteout' && !(later.implied && into.kind === 'dir')) Object.assign(into, later);
  into.opaque = hides && into.kind === 'dir';
}

function impliedDir(path: string, seq: number): Entry {
  return {
    path,
    kind: 'dir',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    size: 0,
    dataOffset: 0,
    link: '',
    xattrs: undefined,
    devMajor: 0,
    devMinor: 0,
    opaque: false,
    implied: true,
    layer: 0,
    seq,
  };
}

function text(bytes: Buffer, at: number, length: number): string {
  const nul = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, nul < 0 || nul > at + length ? at + length : nul);
}

function octal(bytes: Buffer, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 7) {
      if (bytes[i] === 0 || bytes[i] === 0x20) continue;
      throw new Error('a header field is not a number');
    }
    value = value * 8 + digit;
  }
  return value;
}

/** Most names are normal as they stand. */
function normalise(name: string): string {
  const path = name.endsWith('/') ? name.slice(0, -1) : name;
  if (path !== '.' && !path.startsWith('/') && !path.startsWith('.') && !path.includes('/.') && !path.includes('//'))
    return path;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Error("a name leads out of the root ('..')");
  return parts.join('/');
}

function paxRecords(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    if (space < 0 || !(length > 0) || body[at + length - 1] !== 0x0a) throw new Error('a pax record is malformed');
    const equals = body.indexOf(0x3d, space);
    records.set(body.toString('utf8', space + 1, equals), body.toString('utf8', equals + 1, at + length - 1));
    at += length;
  }
  return records;
}
