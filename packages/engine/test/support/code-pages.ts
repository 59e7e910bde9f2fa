import { readFileSync } from 'node:fs';

/** How much of this process's memory is no file's, nameless, a few pages, and may be used so, as proc_pid_maps(5) has it; pages. */
export function codePages(permissions: string): number {
  let pages = 0;
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const [range = '', kind, , , inode, name] = line.split(/ +/);
    const [from = 0, end = 0] = range.split('-').map((text) => Number.parseInt(text, 16));
    // V8's own are larger.
    if (kind === permissions && inode === '0' && !name && end - from < 1 << 16) pages += (end - from) / 4096;
  }
  return pages;
}
