import type { Readable } from 'node:stream';
import type { Progress } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { maxConfigBytes } from '../image/json.ts';
import { compressionOf } from '../layer/decoder.ts';
import { BlobIntake, requireLayer, type TakenLayer } from '../layer/intake.ts';
import { type Digest, isDigest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';

/** One layer as it is in the store now. */
export interface ArrivedLayer extends TakenLayer {
  readonly digest: Digest;
  readonly size: number;
}

/** Bytes of all JSON of one archive together; docker's own are a few KiB an image. */
const maxDocuments = 64 << 20;
/** Far above what any archive holds: a hundred images of 500 layers in docker's old form. */
const maxFiles = 200_000;

/**
 * What one archive brought, file by file in whatever order they come: `blobs/…` checked against their
 * names, JSON documents kept in memory, and docker's old `layer.tar` files hashed into blobs. Everything
 * goes to the store at once, so an archive is read once, from a pipe too; {@link discard} takes back what
 * a failure left.
 */
export class Arrival {
  readonly #store: Store;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  readonly #documents = new Map<string, Uint8Array>();
  readonly #blobs = new Set<Digest>();
  /** What is leased beside them. */
  readonly #held = new Set<Digest>();
  readonly #layers = new Map<Digest, () => ArrivedLayer>();
  readonly #layerFiles = new Map<string, Digest>();
  /** Blobs by the diff ID of the layer in them. */
  readonly #byDiffId = new Map<Digest, Digest>();
  readonly #links = new Map<string, string>();
  #documentBytes = 0;
  #files = 0;
  #bytes = 0;

  constructor(store: Store, onProgress?: (progress: Progress) => void) {
    this.#store = store;
    this.#onProgress = onProgress;
  }

  /** Reads `body` to its end, or leaves it untouched when the file is of no interest (then: false). */
  async file(name: string, size: number, body: Readable): Promise<boolean> {
    const path = cleanPath(name);
    this.#count();
    const [folder, algorithm, hex, ...rest] = path.split('/');
    if (folder === 'blobs' && hex !== undefined && rest.length === 0) {
      const digest = `${algorithm}:${hex}`;
      if (!isDigest(digest)) return false;
      return this.#blob(digest, size, body);
    }
    // docker's old form: <layer ID>/json and VERSION are for docker before 1.10.
    if (/\.tar(\.gz|\.zst)?$/.test(path)) {
      // Named after its diff ID, as of mica and skopeo: what came already is not taken again. A name that lies brings
      // no other layer in: the config is held against what is really there.
      const known = this.#byDiffId.get(`sha256:${/([0-9a-f]{64})\.tar$/.exec(path)?.[1]}` as Digest);
      if (known) {
        this.#layerFiles.set(path, known);
        return false;
      }
      const blob = await this.#take(body, size);
      this.#layerFiles.set(path, blob);
      return true;
    }
    if (path.includes('/') || !/^(oci-layout|[^/]+\.json)$/.test(path)) return false;
    this.#documentBytes += size;
    if (size > maxConfigBytes || this.#documentBytes > maxDocuments)
      throw new MicaError('limit-exceeded', `${path} is too large: ${size} bytes, at most ${maxConfigBytes} are read`, {
        subject: path,
      });
    this.#documents.set(path, await all(body));
    return true;
  }

  link(name: string, target: string): void {
    this.#count();
    const path = cleanPath(name);
    if (!path.endsWith('.tar')) return;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    this.#links.set(path, cleanPath(target.startsWith('/') ? target : folder + target));
  }

  document(path: string): Uint8Array | null {
    return this.#documents.get(cleanPath(path)) ?? null;
  }

  /** A manifest, index or config by digest: what came, else what the store has. */
  json(digest: Digest): Uint8Array | null {
    return this.#hold(digest) ? this.#store.blobs.read(digest) : null;
  }

  came(digest: Digest): boolean {
    return this.#blobs.has(digest);
  }

  /** The layer in a file of docker's archive; null when the archive has no such file. */
  layerFile(name: string): ArrivedLayer | null {
    let path = cleanPath(name);
    for (let hops = 0; this.#links.has(path); hops++) {
      if (hops > 40) throw new MicaError('invalid-archive', `${name}: its links lead in a circle`, { subject: name });
      path = this.#links.get(path) as string;
    }
    const [folder, algorithm, hex] = path.split('/');
    const named = folder === 'blobs' ? `${algorithm}:${hex}` : undefined;
    const digest = named !== undefined && isDigest(named) ? named : this.#layerFiles.get(path);
    return digest === undefined ? null : this.layer(digest);
  }

  /** The layer in a blob that came or that the store has already; null when it is nowhere. @throws MicaError invalid-layer */
  layer(digest: Digest): ArrivedLayer | null {
    return this.#layers.get(digest)?.() ?? this.#stored(digest);
  }

  #stored(digest: Digest): ArrivedLayer | null {
    const form = this.#store.layers.formOf(digest);
    if (form === null || !this.#hold(digest)) return null;
    const entries = this.#store.layers.get(form.diffId)?.entries ?? 0;
    return { ...form, compression: compressionOf(form.mediaType), entries };
  }

  /** What the store has already: from the first look on it stays, until an image has it or {@link discard}. */
  #hold(digest: Digest): boolean {
    const here = this.#store.blobs.hold(digest);
    if (here) this.#held.add(digest);
    return here;
  }

  discard(): void {
    this.#store.blobs.removal.discard([...this.#blobs, ...this.#held]);
  }

  /** Links too: each is kept until all have come, and takes the archive next to nothing. */
  #count(): void {
    if (++this.#files > maxFiles)
      throw new MicaError('limit-exceeded', `the archive holds more than ${maxFiles} files`);
  }

  async #blob(digest: Digest, size: number, body: Readable): Promise<boolean> {
    // Equal digest, equal bytes: what is here whole is not written again, and not read either.
    const here = this.#stored(digest);
    if (here !== null) {
      this.#byDiffId.set(here.diffId, digest);
      this.#blobs.add(digest);
      return false;
    }
    await this.#take(body, size, digest);
    return true;
  }

  async #take(body: Readable, size: number, expected?: Digest): Promise<Digest> {
    const intake = new BlobIntake(this.#store, 'application/octet-stream', {
      size,
      ...(expected ? { digest: expected } : {}),
    });
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        await intake.write(chunk);
        this.#bytes += chunk.length;
        this.#onProgress?.({ stage: 'read', subject: 'load', bytes: this.#bytes });
      }
      const taken = await intake.finish();
      this.#blobs.add(taken.digest);
      if (!(taken.layer instanceof MicaError)) this.#byDiffId.set(taken.layer.diffId, taken.digest);
      this.#layers.set(taken.digest, () => ({ ...requireLayer(taken), digest: taken.digest, size: taken.size }));
      return taken.digest;
    } finally {
      intake.abort();
    }
  }
}

async function all(body: Readable): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts);
}

/** The name inside the archive, `.` and `..` worked out; nothing is ever written to such a path. */
function cleanPath(name: string): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
