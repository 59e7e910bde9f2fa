import type { TarEntry } from './tar.ts';

/** Entries of a tar under test, short to write. */
export const dir = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: 'directory',
  mode: 0o755,
  ...more,
});
export const file = (name: string, body = name): TarEntry => ({ name, body, mode: 0o644 });
export const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
export const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });
