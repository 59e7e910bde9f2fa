import { closeSync, createReadStream, existsSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { MicaError, wrapSystemError } from '../error.ts';
import { verifyBytes } from '../hash/digester.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { isObject, maxConfigBytes, maxManifestBytes, parseJsonObject } from '../image/json.ts';
import { parseIndex } from '../image/manifest.ts';
import { algorithmOf, type Digest, hexOf } from '../reference/digest.ts';
import { parseReference } from '../reference/reference.ts';
import type { BlobFile, CopiedDocument, Source } from './contract.ts';

type Part = Omit<BlobFile, 'release'>;

/** An OCI layout (image-spec image-layout.md), a directory or an uncompressed tar, whose files are read in place. */
export class LayoutSource implements Source {
  readonly repository = null;
  readonly #path: string;
  readonly #find: (name: string) => Part | null;
  readonly #image: string | null;

  private constructor(path: string, find: (name: string) => Part | null, image: string | null) {
    this.#path = path;
    this.#find = find;
    this.#image = image;
  }

  /** Null when it has no index.json: an archive of docker before 25. */
  static async open(path: string, tar: boolean, image: string | null): Promise<LayoutSource | null> {
    try {
      const find = tar ? await indexTar(path) : (name: string) => filePart(path, name);
      return find('index.json') === null ? null : new LayoutSource(path, find, image);
    } catch (error) {
      throw wrapSystemError(error, 'read', path);
    }
  }

  async top(): Promise<CopiedDocument> {
    const { manifests } = parseIndex(this.#read('index.json', maxConfigBytes));
    const fits = manifests.filter((item) => this.#image === null || isNamed(item, this.#image));
    const digests = new Set(fits.map(({ digest }) => digest));
    const [item] = fits;
    if (item === undefined || digests.size > 1)
      throw new MicaError(
        'no-such-image',
        `${this.#path} holds ${digests.size} images${this.#image === null ? '' : ` named ${this.#image}`}`,
        {
          subject: this.#path,
          hint: `name one of: ${manifests.map((one) => one.annotations?.['org.opencontainers.image.ref.name'] ?? one.digest).join(', ')}`,
        },
      );
    return this.document(item);
  }

  async document(item: Descriptor): Promise<CopiedDocument> {
    const bytes = this.#read(blobName(item.digest), maxManifestBytes);
    verifyBytes(`${this.#path}: blob`, item.digest, bytes);
    const { mediaType } = parseJsonObject(bytes, 'manifest', maxManifestBytes);
    return { digest: item.digest, bytes, mediaType: typeof mediaType === 'string' ? mediaType : item.mediaType };
  }

  async blob(item: Descriptor): Promise<BlobFile> {
    const part = this.#find(blobName(item.digest));
    if (part === null || part.size !== item.size)
      throw new MicaError('invalid-archive', `${this.#path} lacks blob ${item.digest}`, { subject: item.digest });
    return { ...part, release: () => {} };
  }

  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    const { manifests } = parseIndex(this.#read('index.json', maxConfigBytes));
    return manifests.filter((item) => {
      if (this.#find(blobName(item.digest)) === null) return false;
      const { subject } = parseJsonObject(
        this.#read(blobName(item.digest), maxManifestBytes),
        'manifest',
        maxManifestBytes,
      );
      return isObject(subject) && subject.digest === digest;
    });
  }

  #read(name: string, limit: number): Buffer {
    const part = this.#find(name);
    if (part === null) throw new MicaError('invalid-archive', `${this.#path} lacks ${name}`, { subject: name });
    if (part.size > limit)
      throw new MicaError('limit-exceeded', `${name} is too large: ${part.size} bytes`, { subject: name });
    const bytes = Buffer.alloc(part.size);
    const fd = openSync(part.path, 'r');
    try {
      return bytes.subarray(0, readSync(fd, bytes, 0, part.size, part.start));
    } finally {
      closeSync(fd);
    }
  }
}

function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** Links are not followed, as in load: a layout from outside must not have a file of the host's copied. */
function filePart(root: string, name: string): Part | null {
  const path = join(root, name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isFile() || realpathSync(path) !== join(realpathSync(root), name)) return null;
  return { path, start: 0, size: found.size };
}

/** By the name in its annotations: the tag, or the whole name. */
function isNamed({ annotations }: Descriptor, image: string): boolean {
  const short = annotations?.['org.opencontainers.image.ref.name'];
  const full = annotations?.['io.containerd.image.name'];
  return short === image || full === image || (full !== undefined && full === parseReference(image).canonical);
}

/** Where each file of a tar begins, found in one pass over its headers and bytes. */
async function indexTar(path: string): Promise<(name: string) => Part | null> {
  const found = new Map<string, Part>();
  if (!existsSync(path)) throw Object.assign(new Error('no such file or directory'), { code: 'ENOENT' });
  const tar = extract();
  const input = createReadStream(path, { highWaterMark: 1 << 20 });
  input.on('error', (error) => tar.destroy(error));
  input.pipe(tar);
  try {
    for await (const entry of tar) {
      const { name, type, size = 0 } = entry.header;
      // What tar-stream knows and its types do not say: the byte at which the entry's last header begins.
      const { offset } = entry as unknown as { offset: number };
      if (type === 'file' && found.size < 200_000)
        found.set(name.replace(/^\.?\//, ''), { path, start: offset + 512, size });
      (entry as unknown as Readable).resume();
    }
  } catch (cause) {
    throw new MicaError('invalid-archive', `${path} cannot be read: ${(cause as Error).message}`, {
      subject: path,
      hint: 'a compressed archive has to be decompressed first, or go through mica load',
      cause,
    });
  } finally {
    input.destroy();
  }
  return (name) => found.get(name) ?? null;
}
