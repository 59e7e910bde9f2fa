import { readFileSync } from 'node:fs';

/** Mappings of this process of one page that are no file's, by their permissions, as proc_pid_maps(5) has them. */
export function codePages(permissions: string): number {
  const lines = readFileSync('/proc/self/maps', 'latin1').split('\n');
  const found = lines.filter((line) => {
    const [range = '', kind, , , inode, name] = line.split(/ +/);
    const [from = 0, end = 0] = range.split('-').map((text) => Number.parseInt(text, 16));
    return kind === permissions && inode === '0' && !name && end - from === 4096;
  });
  return found.length;
}
