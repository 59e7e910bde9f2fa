import { createReadStream } from 'node:fs';
import { type Descriptor, mediaTypes } from '../image/descriptor.ts';
import { maxManifestBytes, parseJsonObject } from '../image/json.ts';
import { parseIndex } from '../image/manifest.ts';
import type { Digest } from '../reference/digest.ts';
import { RegistryFailure } from '../registry/failure.ts';
import { type Repository, referrersTag } from '../registry/repository.ts';
import { mount, upload } from '../registry/upload.ts';
import type { BlobFile, CopiedDocument, Source, Target } from './contract.ts';

export class RegistryTarget implements Target {
  readonly #to: Repository;
  readonly #tag: string;
  /** Documents that the registry lists as referrers by itself. */
  readonly #listed = new Set<Digest>();

  constructor(to: Repository, tag: string) {
    this.#to = to;
    this.#tag = tag;
  }

  async has(item: Descriptor, source: Source): Promise<boolean> {
    if (await this.#to.hasBlob(item.digest)) return true;
    const from = source.repository;
    if (from === null || from.host !== this.#to.connection.endpoint.host || from.name === this.#to.name) return false;
    return mount(this.#to, item.digest, from.name);
  }

  async blob(item: Descriptor, file: BlobFile): Promise<void> {
    const end = file.start + file.size - 1;
    const open = (at: number) =>
      file.size === 0
        ? Buffer.alloc(0)
        : createReadStream(file.path, { start: file.start + at, end, highWaterMark: 1 << 18 });
    await upload(this.#to, { digest: item.digest, size: file.size, open });
  }

  async document({ digest, mediaType, bytes }: CopiedDocument): Promise<void> {
    if ((await this.#to.putManifest(digest, mediaType, bytes)) !== null) this.#listed.add(digest);
  }

  /** distribution-spec, "Pushing Manifests with Subject": registries without a list of referrers get one as a tag. */
  async attach(subject: Digest, document: CopiedDocument): Promise<void> {
    if (this.#listed.has(document.digest)) return;
    const tag = referrersTag(subject);
    const known = await this.#to.manifest(tag).catch((error: unknown) => {
      if (error instanceof RegistryFailure && error.status === 404) return null;
      throw error;
    });
    const manifests = known === null ? [] : parseIndex(known.bytes).manifests;
    if (manifests.some(({ digest }) => digest === document.digest)) return;
    const { artifactType, annotations, config } = parseJsonObject(document.bytes, 'manifest', maxManifestBytes);
    const item = {
      mediaType: document.mediaType,
      digest: document.digest,
      size: document.bytes.length,
      artifactType: artifactType ?? (config as { mediaType?: unknown } | undefined)?.mediaType,
      ...(annotations ? { annotations } : {}),
    };
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...manifests, item] };
    await this.#to.putManifest(tag, mediaTypes.index, Buffer.from(JSON.stringify(index)));
  }

  async finish(top: CopiedDocument): Promise<void> {
    await this.#to.putManifest(this.#tag, top.mediaType, top.bytes);
  }
}
