import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { scan } from '../support/tar.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-tar-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('sparse files in a tar', () => {
  it.each([
    ['gnu', ['--format=gnu']],
    ['pax 0.0', ['--format=pax', '--sparse-version=0.0']],
    ['pax 0.1', ['--format=pax', '--sparse-version=0.1']],
    ['pax 1.0', ['--format=pax', '--sparse-version=1.0']],
  ])('%s sparse: expand under cap', (_, flags) => {
    const root = mkdtempSync(join(dir, 'sparse-'));
    execFileSync(
      'sh',
      [
        '-c',
        'for i in 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31; do echo run $i | dd of=s bs=65536 seek=$i conv=notrunc status=none; done; truncate -s 3000000 s; echo after > t',
      ],
      { cwd: root },
    );
    const tar = execFileSync('tar', ['-c', '-S', ...flags, '-C', root, 's', 't'], { maxBuffer: 1 << 26 });
    expect(tar.length).toBeLessThan(400_000);
    const { table, bodies } = scan(tar, 999);
    expect(table.size(table.find('s'))).toBe(3_000_000);
    expect(bodies.get('s')?.equals(execFileSync('cat', [`${root}/s`], { maxBuffer: 1 << 26 }))).toBe(true);
    expect(bodies.get('t')?.toString()).toBe('after\n');
    expect(() => scan(tar, 999, { maxFileSize: 1_000_000 })).toThrow(/limit/);

    // Nothing of it is stored: what follows begins where its map ends.
    writeFileSync(join(root, 'hole'), '');
    truncateSync(join(root, 'hole'), 1_000_000);
    const hollow = execFileSync('tar', ['-c', '-S', ...flags, '-C', root, 'hole', 's', 't']);
    for (const cut of [1, 512, 999]) {
      const read = scan(hollow, cut);
      expect(read.table.size(read.table.find('hole'))).toBe(1_000_000);
      expect(read.bodies.get('s')?.equals(bodies.get('s') as Buffer)).toBe(true);
      expect(read.bodies.get('t')?.toString()).toBe('after\n');
    }
  });
});
