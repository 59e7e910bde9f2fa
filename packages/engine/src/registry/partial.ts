import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { HashEngine, Hasher } from '@mica/core-wasm';
import { systemCode } from '../error.ts';
import { type Digester, digester } from '../hash/digester.ts';
import { nativeHash } from '../hash/openssl-hash.ts';
import { DiskRoom } from '../layer/bounds.ts';
import { algorithmOf, type Digest, digestMismatch, hexOf, sha256Digest } from '../reference/digest.ts';
import type { BlobInfo } from '../store/blob-store.ts';
import { downloadInUse } from '../store/downloads.ts';
import { storeError, thisProcess } from '../store/files.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { uniqueName } from '../system/random.ts';

const chunkSize = 1 << 18;

/**
 * A blob on its way in: appended to, hashed as it comes, and kept when the download was cut, so that the
 * next one (of any process) goes on from there, the hash from its saved mid-state. `finish`, `keep` or `drop`
 * ends it.
 */
export class PartialBlob {
  readonly digest: Digest;
  readonly #store: Store;
  readonly #path: string;
  readonly #kept: string;
  readonly #sha256: Hasher;
  /** Where the digest is one; its state cannot be kept. */
  readonly #sha512: Digester | null;
  readonly #fd: number;
  readonly #room: DiskRoom;
  /** Bytes of it that the hash knows; the rest of what is on disk is taken in by {@link replay}. */
  #hashed = 0;
  #size: number;
  #open = true;

  private constructor(store: Store, digest: Digest, path: string, kept: string) {
    this.#store = store;
    this.digest = digest;
    this.#path = path;
    this.#kept = kept;
    this.#room = new DiskRoom(store.downloadsDir);
    this.#sha512 = algorithmOf(digest) === 'sha512' ? digester('sha512') : null;
    this.#fd = openSync(path, 'a+', 0o644);
    this.#size = fstatSync(this.#fd).size;
    const engine = process.env.MICA_HASHER === 'wasm' ? newCore().hash : nativeHash();
    const restored = this.#sha512 === null ? this.#restored(engine) : null;
    this.#sha256 = restored ?? engine.create();
    if (restored !== null) this.#hashed = this.#size;
  }

  /**
   * Takes over what an earlier download left, unless its process still works on it; else begins. More than `size` bytes
   * are none of this blob: a registry that lied about its size left them, and the next one would stumble over them.
   */
  static claim(store: Store, { digest, size }: { readonly digest: Digest; readonly size: number }): PartialBlob {
    const folder = store.downloadsDir;
    const name = nameOf(digest);
    const { pid, start } = thisProcess();
    const path = join(folder, `${name}.${pid}-${start}-${uniqueName().slice(0, 8)}`);
    const kept = join(folder, `${name}.part`);
    try {
      mkdirSync(folder, { recursive: true });
      for (const left of leftOf(folder, digest)) {
        try {
          renameSync(join(folder, left), path);
          if (statSync(path).size <= size) break;
          rmSync(path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // another process was first
        }
      }
      return new PartialBlob(store, digest, path, kept);
    } catch (error) {
      throw storeError(error, 'open', path);
    }
  }

  /** Its file, until `finish`, `keep` or `drop`. */
  get path(): string {
    return this.#path;
  }
  /** Bytes that are here. */
  get size(): number {
    return this.#size;
  }

  /** Reads what is here already, for whoever needs the bytes from the first on. */
  async replay(take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    for (let at = 0; at < this.#size; ) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkSize, this.#size - at));
      const n = readSync(this.#fd, chunk, 0, chunk.length, at);
      if (n === 0) break;
      if (at >= this.#hashed) this.#hash(chunk.subarray(0, n));
      at += n;
      await take(chunk.subarray(0, n));
    }
  }

  /** Before the first byte: whether the blob of this size has room. @throws MicaError limit-exceeded */
  expect(size: number): void {
    this.#room.expect(size - this.#size);
  }

  write(chunk: Uint8Array): void {
    this.#room.write(chunk.length);
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    } catch (error) {
      throw storeError(error, 'write', this.#path);
    }
    this.#size += chunk.length;
    this.#hash(chunk);
  }

  /** Into the store under its digest. @throws MicaError digest-mismatch; then nothing of it is kept */
  finish(mediaType: string): BlobInfo {
    const path = this.complete();
    const blob = this.#store.blobs.adopt(path, { digest: this.digest, size: this.#size, mediaType });
    // Of a process that was killed meanwhile: no pull would ask for this blob again and go on with it.
    const folder = this.#store.downloadsDir;
    for (const left of leftOf(folder, this.digest)) rmSync(join(folder, left), { force: true });
    return blob;
  }

  /** Verified, where it is; the file is the caller's now. @throws MicaError digest-mismatch; then nothing is kept */
  complete(): string {
    const actual = this.#sha512?.digest() ?? sha256Digest(this.#sha256.digest());
    if (actual !== this.digest) {
      this.drop();
      throw digestMismatch(
        'blob',
        this.digest,
        actual,
        'the registry, or something on the way to it, sends wrong bytes',
      );
    }
    this.#end();
    return this.#path;
  }

  /** Leaves it for the next download. Does nothing after `finish` or `drop`. */
  keep(): void {
    if (!this.#open) return;
    const state = this.#sha512 === null && this.#hashed === this.#size ? stateOf(this.#sha256) : null;
    this.#end();
    if (this.#size === 0) {
      rmSync(this.#path, { force: true });
      return;
    }
    if (state) this.#saveState(state);
    renameSync(this.#path, this.#kept);
  }

  /** On a full disk it goes without: the next one hashes what is here once more. */
  #saveState(state: Uint8Array): void {
    const file = `${this.#kept}.state`;
    try {
      writeFileSync(file, JSON.stringify({ size: this.#size, state: Buffer.from(state).toString('base64') }));
    } catch (error) {
      rmSync(file, { force: true });
      const code = systemCode(error);
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw storeError(error, 'write', file);
    }
  }

  drop(): void {
    if (!this.#open) return;
    this.#end();
    rmSync(this.#path, { force: true });
  }

  #hash(chunk: Uint8Array): void {
    (this.#sha512 ?? this.#sha256).update(chunk);
    this.#hashed += chunk.length;
  }

  #end(): void {
    this.#open = false;
    closeSync(this.#fd);
    rmSync(`${this.#kept}.state`, { force: true });
  }

  /** A state that is not of exactly these bytes is worth nothing: they are hashed again, and the digest decides. */
  #restored(engine: HashEngine): Hasher | null {
    try {
      const saved = JSON.parse(readFileSync(`${this.#kept}.state`, 'utf8')) as { size?: unknown; state?: unknown };
      if (saved.size !== this.#size || typeof saved.state !== 'string') return null;
      return engine.restore(Buffer.from(saved.state, 'base64'));
    } catch {
      return null; // none, or an engine that cannot go on from one
    }
  }
}

function nameOf(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest)}`;
}

/** Names of what earlier downloads left of the blob and no process works on. */
function leftOf(folder: string, digest: Digest): string[] {
  const start = `${nameOf(digest)}.`;
  return readdirSync(folder).filter(
    (name) => name.startsWith(start) && !name.endsWith('.state') && !downloadInUse(name),
  );
}

/** Null where the engine keeps its state to itself. */
function stateOf(hasher: Hasher): Uint8Array | null {
  try {
    return hasher.save();
  } catch {
    return null;
  }
}
