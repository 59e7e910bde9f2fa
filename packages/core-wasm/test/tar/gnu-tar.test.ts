import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Core, Kind } from '../../src/index.ts';
import { end, scan } from '../support/tar.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-tar-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('against GNU tar', () => {
  it.each(['gnu', 'pax', 'ustar', 'v7', 'oldgnu'])('GNU tar --format=%s: read', (format) => {
    const root = mkdtempSync(join(dir, 'in-'));
    const deep = format === 'v7' ? 'deep' : `${'d'.repeat(80)}/${'e'.repeat(60)}`;
    execFileSync(
      'sh',
      ['-c', `mkdir -p ${deep} && echo body > ${deep}/file && ln ${deep}/file hard && ln -s short soft && mkfifo pipe`],
      { cwd: root },
    );
    const names = format === 'v7' ? ['hard', deep, 'soft'] : ['hard', deep, 'soft', 'pipe'];
    const tar = execFileSync('tar', ['-c', `--format=${format}`, '-C', root, ...names]);
    const { table, bodies } = scan(tar, 100);
    const shown = execFileSync('tar', ['-t', '-f', '-'], { input: tar, encoding: 'utf8' }).trim().split('\n');
    for (const name of shown) expect(table.find(name.replace(/\/$/, '')), name).toBeGreaterThanOrEqual(0);
    expect(bodies.get('hard')?.toString()).toBe('body\n');
    expect(table.kind(table.find('soft'))).toBe(Kind.symlink);
  });

  it('GNU tar lists what is packed', () => {
    const core = new Core();
    const builder = core.tableBuilder();
    builder.add(Kind.dir, Buffer.from('d'), 0o1777, 1, 2, -5_000_000_000n, 0);
    builder.add(Kind.file, Buffer.from(`d/${'long'.repeat(40)}`), 0o4755, 3_000_000, 4, 9_999_999_999_123_456_789n, 0);
    const packer = core.packer(builder.finish());
    const file = join(dir, 'listed.tar');
    writeFileSync(file, Buffer.concat([...Array.from(packer.order, (item) => Buffer.from(packer.header(item))), end]));
    const listed = execFileSync('tar', ['-tv', '--numeric-owner', '--full-time', '-f', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TZ: 'UTC' },
    });
    expect(listed).toMatch(/drwxrwxrwt 1\/2 .*1969-12-31 23:59:55 d\//);
    expect(listed).toMatch(/-rwsr-xr-x 3000000\/4 .*2286-11-20 17:46:39\.123456789 d\/longlong/);
  });
});
