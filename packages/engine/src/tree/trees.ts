import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import type { Store } from '../store/store.ts';
import type { BlameRow, LayerRow, TreeChange, TreeEntry, UnpackReport } from './contract.ts';

/**
 * Looks into images through their entry tables: nothing is mounted or unpacked, no root is needed.
 * A layer's table is made from its blob the first time, verified on the way, and kept beside the layers.
 */
export class Trees {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /** The stack of layers, base first. */
  async layers(image: string, task: Task = {}): Promise<LayerRow[]> {
    const { Core, imageTree, layerRows } = await parts();
    const core = new Core();
    const { config } = resolveImage(this.#store, image);
    return layerRows(this.#store, core, config, await imageTree(this.#store, core, image, task));
  }

  /** A directory's entries, with `recursive` all below it; anything else as itself. Symlinks are followed. */
  async list(image: string, path = '/', options: Task & { readonly recursive?: boolean } = {}): Promise<TreeEntry[]> {
    const { Core, imageTree, listEntries } = await parts();
    return listEntries(await imageTree(this.#store, new Core(), image, options), image, path, options);
  }

  /** A file's bytes in order, holes as zeros; each piece is good until the next is asked for. */
  async *read(image: string, path: string, task: Task = {}): AsyncGenerator<Uint8Array> {
    const { Core, Kind, imageTree, lookUp, readFiles } = await parts();
    const tree = await imageTree(this.#store, new Core(), image, task);
    const { table } = tree;
    const { index } = lookUp(table, image, path, { follow: true });
    if (index < 0 || table.kind(index) === Kind.dir) throw notAFile(image, path, 'is a directory');
    if (table.kind(index) !== Kind.file) throw notAFile(image, path, 'is no regular file');
    let at = 0;
    for await (const { offset, bytes } of readFiles(this.#store, tree, [index], task)) {
      yield* zeros(offset - at);
      yield bytes;
      at = offset + bytes.length;
    }
    yield* zeros(table.size(index) - at);
  }

  /** Every path that `b` has unlike `a`, in tree order. */
  async diff(a: string, b: string, task: Task = {}): Promise<TreeChange[]> {
    const { Core, diffTrees, imageTree } = await parts();
    const core = new Core();
    const [left, right] = [await imageTree(this.#store, core, a, task), await imageTree(this.#store, core, b, task)];
    return diffTrees(this.#store, core, left, right, task);
  }

  /** Which layer, and whose commit, brought a path and all below it. */
  async blame(image: string, path = '/', task: Task = {}): Promise<BlameRow[]> {
    const { blame, Core, imageTree } = await parts();
    const { config } = resolveImage(this.#store, image);
    return blame(await imageTree(this.#store, new Core(), image, task), config, image, path);
  }

  /** Writes the image's tree as a plain directory that is new or empty: whole, or not at all. */
  async unpack(image: string, dir: string, task: Task = {}): Promise<UnpackReport> {
    const { unpackImage } = await parts();
    return unpackImage(this.#store, image, dir, task);
  }
}

/** Loaded by the first look: whoever has an engine only to list containers pays nothing for it. */
const parts = () => import('./parts.ts');

const zeroBlock = new Uint8Array(1 << 16);
function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= zeroBlock.length)
    yield left < zeroBlock.length ? zeroBlock.subarray(0, left) : zeroBlock;
}

function notAFile(image: string, path: string, why: string): MicaError {
  return new MicaError('invalid-argument', `${image}:${path} ${why}`, {
    subject: path,
    hint: `mica ls ${image}:${path} shows it`,
  });
}
