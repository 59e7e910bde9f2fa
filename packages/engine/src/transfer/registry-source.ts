import { rmSync } from 'node:fs';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../reference/digest.ts';
import type { Reference } from '../reference/reference.ts';
import { download } from '../registry/download.ts';
import { PartialBlob } from '../registry/partial.ts';
import type { Repository } from '../registry/repository.ts';
import type { Store } from '../store/store.ts';
import type { BlobFile, CopiedDocument, Source } from './contract.ts';

/** A repository of a registry; blobs come through the store's folder of downloads, so a copy that was cut goes on. */
export class RegistrySource implements Source {
  readonly repository: Source['repository'];
  readonly #from: Repository;
  readonly #reference: Reference;
  readonly #store: Store;

  constructor(store: Store, from: Repository, reference: Reference) {
    this.#store = store;
    this.#from = from;
    this.#reference = reference;
    this.repository = { host: from.connection.endpoint.host, name: from.name };
  }

  top(): Promise<CopiedDocument> {
    return this.#from.manifest(this.#reference.digest ?? this.#reference.tag ?? 'latest');
  }
  document(item: Descriptor): Promise<CopiedDocument> {
    return this.#from.manifest(item.digest);
  }
  referrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.#from.referrers(digest);
  }

  async blob(item: Descriptor): Promise<BlobFile> {
    if (this.#store.blobs.has(item.digest))
      return { path: this.#store.blobs.path(item.digest), start: 0, size: item.size, release: () => {} };
    const partial = PartialBlob.claim(this.#store, item);
    try {
      await download(this.#from, partial, item, async () => {});
      const path = partial.complete();
      return { path, start: 0, size: item.size, release: () => rmSync(path, { force: true }) };
    } finally {
      partial.keep();
    }
  }
}
