/** One path of a layer or tree as a plain object: what the kernels keep in a record and its rest. */
export interface Entry {
  path: string;
  kind: 'file' | 'dir' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo' | 'whiteout';
  mode: number;
  uid: number;
  gid: number;
  mtimeSec: number;
  mtimeNsec: number;
  size: number;
  dataOffset: number;
  link: string;
  xattrs: Map<string, string> | undefined;
  devMajor: number;
  devMinor: number;
  opaque: boolean;
  implied: boolean;
  layer: number;
  seq: number;
}

const SLASH = 0x2f;

/** Tree order, as the kernels': '/' below every other character. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return (x === SLASH ? -1 : x) - (y === SLASH ? -1 : y);
  }
  return a.length - b.length;
}

/** Strictly below. */
export function isBelow(path: string, dir: string): boolean {
  return dir === '' ? path !== '' : path.charCodeAt(dir.length) === SLASH && path.startsWith(dir);
}
