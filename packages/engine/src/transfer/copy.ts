import { MicaError } from '../error.ts';
import { type Descriptor, isIndexType, type Platform } from '../image/descriptor.ts';
import { IndexWalk } from '../image/index-walk.ts';
import { parseIndex, parseManifest } from '../image/manifest.ts';
import { choosePlatform, platformText } from '../image/platform.ts';
import { allOrFirstError, Limit } from '../registry/limit.ts';
import type { CopiedDocument, Source, Target } from './contract.ts';

export interface CopyRules {
  readonly platform?: Platform;
  /** Also what refers to it: signatures, SBOMs. */
  readonly referrers: boolean;
  readonly onBlob: (event: { readonly item: Descriptor; readonly done: 'copied' | 'there' | 'foreign' }) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Copies an image or artifact, byte for byte, blobs before what names them. The topmost document that was copied. */
export async function copyAll(source: Source, target: Target, rules: CopyRules): Promise<CopiedDocument> {
  const run = new Copying(source, target, rules);
  let top = await source.top();
  if (rules.platform && isIndexType(top.mediaType)) {
    const item = choosePlatform(parseIndex(top.bytes).manifests, rules.platform);
    if (item === undefined)
      throw new MicaError(
        'no-such-image',
        `no matching manifest for ${platformText(rules.platform)} in the manifest list entries`,
      );
    top = await source.document(item);
  }
  await run.document(top);
  await target.finish(top);
  return top;
}

class Copying {
  readonly #source: Source;
  readonly #target: Target;
  readonly #rules: CopyRules;
  readonly #limit = new Limit(4);
  readonly #blobs = new Map<string, Promise<void>>();
  readonly #documents = new IndexWalk();
  #failed = false;

  constructor(source: Source, target: Target, rules: CopyRules) {
    this.#source = source;
    this.#target = target;
    this.#rules = rules;
  }

  async document(document: CopiedDocument): Promise<void> {
    // A referrer may refer back: each is copied once.
    if (!this.#documents.isNew(document.digest)) return;
    this.#documents.down(document.digest);
    await this.#below(document);
    this.#documents.up();
  }

  async #below(document: CopiedDocument): Promise<void> {
    if (isIndexType(document.mediaType))
      for (const item of parseIndex(document.bytes).manifests) await this.document(await this.#source.document(item));
    else {
      const { config, layers } = parseManifest(document.bytes);
      await allOrFirstError(
        [config, ...layers].map((item) => this.#once(item)),
        () => {
          this.#failed = true;
        },
      );
    }
    await this.#target.document(document);
    if (!this.#rules.referrers) return;
    for (const item of await this.#source.referrers(document.digest)) {
      const referrer = await this.#source.document(item);
      await this.document(referrer);
      await this.#target.attach(document.digest, referrer);
    }
  }

  #once(item: Descriptor): Promise<void> {
    const copying = this.#blobs.get(item.digest) ?? this.#limit.run(() => this.#blob(item));
    this.#blobs.set(item.digest, copying);
    return copying;
  }

  async #blob(item: Descriptor): Promise<void> {
    if (this.#failed) return;
    this.#rules.signal?.throwIfAborted();
    const { onBlob } = this.#rules;
    // image-spec layer.md, "Non-Distributable Layers": it is where its urls say, in no registry.
    if (/foreign|nondistributable/.test(item.mediaType)) return onBlob({ item, done: 'foreign' });
    if (await this.#target.has(item, this.#source)) return onBlob({ item, done: 'there' });
    const file = await this.#source.blob(item);
    try {
      await this.#target.blob(item, file);
    } finally {
      file.release();
    }
    onBlob({ item, done: 'copied' });
  }
}
