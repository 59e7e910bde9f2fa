import { lstatSync, mkdirSync, rmSync } from 'node:fs';

/**
 * The folders of a layer that is being unpacked below `root`. Known are those that are real
 * directories here, so that nothing that the layer put in a folder's stead, a symlink above all, is ever followed.
 */
export class UnpackedFolders {
  readonly #root: Buffer;
  /** By path, as latin1; the root is ''. */
  readonly #dirs = new Set<string>(['']);
  /** The one that {@link parent} saw last: most entries lie in the folder of the one before. */
  #last = '';

  constructor(root: Buffer) {
    this.#root = Buffer.concat([root, slash]);
  }

  has(key: string): boolean {
    return this.#dirs.has(key);
  }

  /** Where a path of the layer lies. */
  full(path: Uint8Array): Buffer {
    const root = this.#root;
    if (path.length === 0) return root.subarray(0, -1);
    const full = Buffer.allocUnsafe(root.length + path.length);
    full.set(root);
    full.set(path, root.length);
    return full;
  }

  /** Makes sure that the path is a real directory. */
  directory(bytes: Uint8Array): void {
    const key = latin1(bytes, bytes.length);
    if (this.#dirs.has(key)) return;
    this.parent(bytes);
    this.#make(bytes, key);
  }

  /** Makes sure that the parent is a real directory, replacing what stands there in its stead. */
  parent(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(0x2f);
    if (end < 0) return;
    const key = latin1(bytes, end);
    if (key === this.#last) return;
    if (!this.#dirs.has(key)) {
      const parent = bytes.subarray(0, end);
      this.parent(parent);
      this.#make(parent, key);
    }
    this.#last = key;
  }

  #make(bytes: Uint8Array, key: string): void {
    const path = this.full(bytes);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found && !found.isDirectory()) rmSync(path);
    if (!found?.isDirectory()) mkdirSync(path, 0o755);
    this.#dirs.add(key);
  }

  /** Takes away what an earlier entry of this name made. */
  clear(path: Buffer): void {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return;
    if (found.isDirectory()) {
      rmSync(path.toString('latin1') === path.toString() ? path.toString() : path, { recursive: true });
      this.#dirs.clear();
      this.#dirs.add('');
      this.#last = '';
    } else rmSync(path);
  }
}

const slash = Buffer.from('/');

/** The first bytes as a string, each a character: without a copy in between. */
export function latin1(bytes: Uint8Array, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, end);
}
