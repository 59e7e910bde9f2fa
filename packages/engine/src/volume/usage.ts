import { lstatSync, readdirSync } from 'node:fs';

/** Bytes of the files below `dir`, those of several names once; what vanishes meanwhile counts nothing. */
export function diskUsage(dir: string): number {
  const seen = new Set<string>();
  let bytes = 0;
  const visit = (path: Buffer) => {
    let names: Buffer[];
    try {
      const stat = lstatSync(path, { bigint: true });
      if (!stat.isDirectory()) {
        const key = `${stat.dev}:${stat.ino}`;
        if (stat.nlink > 1n && seen.has(key)) return;
        seen.add(key);
        bytes += Number(stat.size);
        return;
      }
      names = readdirSync(path, { encoding: 'buffer' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    for (const name of names) visit(Buffer.concat([path, slash, name]));
  };
  visit(Buffer.from(dir));
  return bytes;
}

const slash = Buffer.from('/');
