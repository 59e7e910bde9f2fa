import type { HistoryRow, ImageSummary, RemovedImage } from '../contract.ts';
import { MicaError } from '../error.ts';
import { type Digest, hexOf } from '../reference/digest.ts';
import { parseReference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { type ImageInspect, inspectImage } from './inspect.ts';
import { resolveImage } from './resolve.ts';

/** Listing, naming and removing images. */
export class ImageService {
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

  tag(source: string, target: string): void {
    this.#store.images.tag(parseReference(target).canonical, resolveImage(this.#store, source).id);
  }

  /** docker's rule: a name goes; with the last name the image goes; an ID needs force while it has several. */
  remove(name: string, force: boolean): RemovedImage[] {
    const image = resolveImage(this.#store, name);
    const names = this.#store.images.references(image.id);
    const byId = hexOf(image.id).startsWith(name.replace(/^sha256:/, ''));
    const named = byId ? null : parseReference(name).canonical;
    if (named !== null && names.length > 1) {
      this.#store.images.untag(named);
      return [{ untagged: parseReference(name).familiar }];
    }
    if (byId && names.length > 1 && !force)
      throw new MicaError(
        'conflict',
        `conflict: unable to delete ${name} (must be forced) - image is referenced in multiple repositories`,
        { subject: name },
      );
    const user = this.#store.containers.byImage(image.id)[0];
    if (user)
      throw new MicaError(
        'image-in-use',
        `conflict: unable to remove ${name} - container ${user.id.slice(0, 12)} is using it`,
        {
          subject: name,
          hint: `remove the container first: mica rm ${user.name}`,
        },
      );
    const familiar = this.#names(image.id);
    this.#store.images.delete(image.id);
    this.#store.collect();
    return [...familiar.map((untagged) => ({ untagged })), { deleted: image.id }];
  }

  #names(id: Digest): string[] {
    return this.#store.images.references(id).map((name) => parseReference(name).familiar);
  }
}
