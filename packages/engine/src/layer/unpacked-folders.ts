import { lstatSync, mkdirSync, rmSync } from 'node:fs';

/**
 * The folders of a layer that is being unpacked below `root`. Known are those that are real
 * directories here, so that nothing that the layer put in a folder's stead, a symlink above all, is ever followed.
 */
export class UnpackedFolders {
  readonly #root: Buffer;
  /** By path, as latin1; the root is ''. */
  readonly #dirs = new Set<string>(['']);

  constructor(root: Buffer) {
    this.#root = root;
  }

  has(key: string): boolean {
    return this.#dirs.has(key);
  }

  /** Where a path of the layer lies. */
  full(path: Uint8Array): Buffer {
    return path.length === 0 ? this.#root : Buffer.concat([this.#root, slash, path]);
  }

  /** Makes sure that the path is a real directory. */
  directory(bytes: Buffer): void {
    const key = bytes.toString('latin1');
    if (this.#dirs.has(key)) return;
    this.parent(bytes);
    this.#make(bytes, key);
  }

  /** Makes sure that the parent is a real directory, replacing what stands there in its stead. */
  parent(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(0x2f);
    if (end < 0) return;
    const parent = Buffer.from(bytes.subarray(0, end));
    const key = parent.toString('latin1');
    if (this.#dirs.has(key)) return;
    this.parent(parent);
    this.#make(parent, key);
  }

  #make(bytes: Buffer, key: string): void {
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
    } else rmSync(path);
  }
}

const slash = Buffer.from('/');
