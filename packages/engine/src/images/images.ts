import { requireFunction, requireTexts } from '../argument.ts';
import type { HistoryRow, ImageSummary, PrunedImages, RemovedImage } from '../contract/image.ts';
import { MicaError } from '../error.ts';
import { chainIds } from '../image/chain-id.ts';
import { parsePlatform, runsOn } from '../image/platform.ts';
import type { Digest } from '../reference/digest.ts';
import { familiarOf, parseNewName } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { imageEvent } from './events.ts';
import { type ImageInspect, inspectImage } from './inspect.ts';
import { pruneImages } from './prune-images.ts';
import { canonicalOf, chainOf, findImage, resolveImage, targetOf } from './resolve.ts';

/** The names that went, and with the last of them the image. */
export interface Detached {
  readonly untagged: RemovedImage[];
  /** With its layers' diff IDs, none where its documents are damaged. */
  readonly image: { readonly id: Digest; readonly chain: readonly Digest[] } | null;
}

/** Listing, naming and removing images. */
export class Images {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /** Newest first. */
  list(): ImageSummary[] {
    const used = this.#store.containers.countByImage();
    return this.#store.images.all().map((image) => ({
      id: image.id,
      digest: image.manifest,
      repoTags: this.#names(image.id),
      repoDigests: this.#digests(image.id).map(familiarOf),
      created: image.created,
      size: image.size,
      labels: image.labels,
      containers: used.get(image.id) ?? 0,
    }));
  }

  /** Newest row first; only the topmost has the image's own ID. */
  history(name: string): HistoryRow[] {
    const image = resolveImage(this.#store, name);
    const { history = [], rootfs } = image.config;
    let layer = 0;
    const rows = history.map((row) => {
      const diffId = row.empty_layer ? undefined : rootfs.diff_ids[layer++];
      return {
        id: '<missing>',
        created: row.created ?? '',
        createdBy: row.created_by ?? '',
        size: diffId === undefined ? 0 : (this.#store.layers.get(diffId)?.tarSize ?? 0),
        comment: row.comment ?? '',
        author: row.author ?? '',
        emptyLayer: row.empty_layer ?? false,
        tags: [] as string[],
      };
    });
    const top = rows.at(-1);
    if (top) Object.assign(top, { id: image.id, tags: this.#names(image.id) });
    return rows.toReversed();
  }

  /** docker inspect's description. @throws MicaError no-such-image, ambiguous */
  inspect(name: string): ImageInspect {
    return inspectImage(this.#store, name);
  }

  /** docker image prune; `keep` spares images. */
  prune(options: {
    all: boolean;
    keep(image: { labels: Readonly<Record<string, string>>; created: string }): boolean;
  }): PrunedImages {
    requireFunction(options?.keep, 'keep');
    const remove = (id: Digest, mayGo: () => boolean) => {
      this.#store.beforeRemoval('blobs');
      // In one transaction with the last look: nobody gives it a name, or makes something of it, in between.
      return this.#store.transaction(() => (mayGo() ? this.#detach(id, true) : null));
    };
    return pruneImages(this.#store, remove, (all) => this.#collected(all), options);
  }

  /** Whether a name or ID stands for an image that is here, and of that platform. @throws MicaError invalid-reference, ambiguous */
  has(name: string, platform?: string): boolean {
    const wanted = platform === undefined ? null : parsePlatform(platform);
    try {
      const { config } = resolveImage(this.#store, name);
      return wanted === null || runsOn(config, wanted);
    } catch (error) {
      if (error instanceof MicaError && error.code === 'no-such-image') return false;
      throw error;
    }
  }

  /** Tags of a repository that are here. */
  tagsOf(domain: string, repository: string): string[] {
    requireTexts([domain, repository], 'repository');
    const prefix = `${domain}/${repository}:`;
    return this.#store.images
      .allReferences()
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name }) => name.slice(prefix.length));
  }

  tag(source: string, target: string): void {
    const { canonical, familiar } = parseNewName(target);
    this.#store.transaction(() => {
      const { id } = resolveImage(this.#store, source);
      // With the index that it came with, so that all of a multi-platform image can be pushed by its new name.
      this.#store.images.tag(canonical, id, targetOf(this.#store, source));
      imageEvent(this.#store, 'tag', id, familiar);
    });
  }

  /**
   * docker's rule: a name goes; with the last name the image goes; an ID needs force while it has several.
   * An image that a container has stays: by force only its name goes. @throws MicaError no-such-image,
   * conflict, image-in-use
   */
  remove(name: string, force: boolean): RemovedImage[] {
    this.#store.beforeRemoval('blobs');
    // One transaction: no container is made of the image between the look for its users and its end.
    return this.#collected([this.#store.transaction(() => this.#detach(name, force))]);
  }

  /** What went, once the store has given up what no image holds any more. */
  #collected(all: readonly Detached[]): RemovedImage[] {
    if (all.some(({ image }) => image !== null)) this.#store.collect();
    const told = new Set<Digest>();
    return all.flatMap(({ untagged, image }) => {
      if (image === null) return untagged;
      const { chain } = image;
      // docker names each layer that went by the ID of the chain up to it, the topmost first.
      const gone = chainIds(chain).filter(
        (id, i) => !told.has(id) && this.#store.layers.get(chain[i] as Digest) === null,
      );
      for (const id of gone) told.add(id);
      return [...untagged, { deleted: image.id }, ...gone.reverse().map((deleted) => ({ deleted }))];
    });
  }

  /** Names go, or the image with all of them: then it is given back. */
  #detach(name: string, force: boolean): Detached {
    const id = findImage(this.#store, name);
    const names = this.#tags(id);
    // As it was found, whatever it looks like: "cafe" is a name, also of an image whose ID begins so.
    const canonical = canonicalOf(name);
    const named = canonical !== null && this.#store.images.lookup(canonical) === id ? canonical : null;
    const byId = named === null;
    const user = this.#store.containers.byImage(id)[0];
    const hasOthers = names.length > 1 || (named?.includes('@') && names.length > 0);
    if (named !== null && (hasOthers || (user && force)))
      return { untagged: [this.#untag(id, named), ...this.#untagDigests(id, named)], image: null };
    if (byId && names.length > 1 && !force)
      throw new MicaError(
        'conflict',
        `conflict: unable to delete ${name} (must be forced) - image is referenced in multiple repositories`,
        { subject: name, hint: `mica rmi -f removes all of its names; mica rmi NAME only that one` },
      );
    if (user)
      throw new MicaError(
        'image-in-use',
        `conflict: unable to remove ${name} - container ${user.id.slice(0, 12)} is using it`,
        {
          subject: name,
          hint: `remove the container first: mica rm ${user.name}`,
        },
      );
    const untagged = [...names, ...this.#digests(id)].map((one) => this.#untag(id, one));
    const chain = chainOf(this.#store, id);
    this.#store.images.delete(id);
    imageEvent(this.#store, 'delete', id);
    return { untagged, image: { id, chain } };
  }

  #untag(id: Digest, canonical: string): RemovedImage {
    this.#store.images.untag(canonical);
    imageEvent(this.#store, 'untag', id);
    return { untagged: familiarOf(canonical) };
  }

  /** The names by digest of a repository go with its last tag. */
  #untagDigests(id: Digest, removed: string): RemovedImage[] {
    const repository = removed.replace(/[:@][^/]*$/, '');
    const inIt = (name: string) => name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`);
    if (this.#tags(id).some(inIt)) return [];
    return this.#digests(id)
      .filter(inIt)
      .map((name) => this.#untag(id, name));
  }

  #names(id: Digest): string[] {
    return this.#tags(id).map(familiarOf);
  }

  /** Canonical names; those by digest (what a registry knows it as) are no tags. */
  #tags(id: Digest): string[] {
    return this.#store.images.references(id).filter((name) => !name.includes('@'));
  }
  #digests(id: Digest): string[] {
    return this.#store.images.references(id).filter((name) => name.includes('@'));
  }
}
