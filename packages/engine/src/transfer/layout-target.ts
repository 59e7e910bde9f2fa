import { createReadStream } from 'node:fs';
import type { ArchiveSink } from '../archive/save.ts';
import { digester } from '../hash/digester.ts';
import { type Descriptor, isConfigType, isIndexType, mediaTypes } from '../image/descriptor.ts';
import { maxManifestBytes, parseJsonObject } from '../image/json.ts';
import { parseManifest } from '../image/manifest.ts';
import { algorithmOf, type Digest, digestMismatch, hexOf } from '../reference/digest.ts';
import { parseReference } from '../reference/reference.ts';
import { Limit } from '../registry/limit.ts';
import type { BlobFile, CopiedDocument, Target } from './contract.ts';

/** An OCI layout being written, with docker's manifest.json when it holds one image. One file at a time. */
export class LayoutTarget implements Target {
  readonly #sink: ArchiveSink;
  readonly #name: string | null;
  readonly #written = new Set<string>();
  readonly #referrers: object[] = [];
  readonly #one = new Limit(1);

  constructor(sink: ArchiveSink, name: string | null) {
    this.#sink = sink;
    this.#name = name;
  }

  async has(item: Descriptor): Promise<boolean> {
    return this.#written.has(blobName(item.digest));
  }

  blob(item: Descriptor, file: BlobFile): Promise<void> {
    const end = file.start + file.size - 1;
    const bytes =
      file.size === 0 ? [] : createReadStream(file.path, { start: file.start, end, highWaterMark: 1 << 20 });
    return this.#write(item.digest, file.size, verified(item.digest, bytes as AsyncIterable<Uint8Array>));
  }

  document({ digest, bytes }: CopiedDocument): Promise<void> {
    return this.#write(digest, bytes.length, [bytes]);
  }

  async attach(_subject: Digest, document: CopiedDocument): Promise<void> {
    const { artifactType } = parseJsonObject(document.bytes, 'manifest', maxManifestBytes);
    const { mediaType, digest, bytes } = document;
    this.#referrers.push({ mediaType, digest, size: bytes.length, ...(artifactType ? { artifactType } : {}) });
  }

  async finish(top: CopiedDocument): Promise<void> {
    const named = this.#name === null ? null : /[/:]/.test(this.#name) ? parseReference(this.#name) : this.#name;
    const annotations =
      named === null
        ? {}
        : typeof named === 'string'
          ? { annotations: { 'org.opencontainers.image.ref.name': named } }
          : {
              annotations: {
                'io.containerd.image.name': named.canonical,
                'org.opencontainers.image.ref.name': named.tag,
              },
            };
    const item = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length, ...annotations };
    await this.#json('index.json', {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [item, ...this.#referrers],
    });
    await this.#json('oci-layout', { imageLayoutVersion: '1.0.0' });
    if (isIndexType(top.mediaType)) return;
    const { config, layers } = parseManifest(top.bytes);
    if (!isConfigType(config.mediaType)) return;
    const tags = named !== null && typeof named !== 'string' ? [named.familiar] : null;
    const paths = layers.map(({ digest }) => blobName(digest));
    await this.#json('manifest.json', [{ Config: blobName(config.digest), RepoTags: tags, Layers: paths }]);
  }

  #json(name: string, value: object): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(value));
    return this.#sink.file(name, bytes.length, [bytes]);
  }

  #write(digest: Digest, size: number, bytes: AsyncIterable<Uint8Array> | readonly Uint8Array[]): Promise<void> {
    return this.#one.run(async () => {
      const name = blobName(digest);
      if (this.#written.has(name)) return;
      this.#written.add(name);
      for (const folder of ['blobs', `blobs/${algorithmOf(digest)}`]) {
        if (!this.#written.has(folder)) await this.#sink.folder(folder);
        this.#written.add(folder);
      }
      await this.#sink.file(name, size, bytes);
    });
  }
}

function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

async function* verified(digest: Digest, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = digester(algorithmOf(digest));
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const actual = hash.digest();
  if (actual !== digest) throw digestMismatch('blob', digest, actual);
}
