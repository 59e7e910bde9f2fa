import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/index.ts';
import { block, end, header, paths, pax, record, scan } from '../support/tar.ts';

describe('pax headers', () => {
  it('PAX path/linkpath/size/xattr, global g: honour; g creates nothing', () => {
    const tar = Buffer.concat([
      pax(record('mtime=7.5'), 'g'),
      pax(record('path=long/name') + record('SCHILY.xattr.user.a=b') + record('size=3')),
      header({}),
      block('abc'),
      pax(record('linkpath=../target')),
      header({ name: 'l', type: '2', link: 'short' }),
      end,
    ]);
    const { table, bodies } = scan(tar);
    expect(paths(table)).toEqual(['l', 'long', 'long/name']);
    expect(bodies.get('long/name')?.toString()).toBe('abc');
    expect(table.xattrs(2)).toEqual([['user.a', new Uint8Array([98])]]);
    expect([table.mtimeSec(2), table.mtimeNsec(2)]).toEqual([7n, 500_000_000]);
    expect(table.link(0)).toBe('../target');
  });

  it('NUL in record: invalid', () => {
    expect(() => scan(Buffer.concat([pax(record('path=a\0b')), header({}), end]))).toThrow(KernelError);
  });

  it('what global headers say adds up, however much it is', () => {
    const names = Array.from({ length: 9 }, (_, i) => `user.${i}`);
    const globals = names.map((name, i) => pax(record(`SCHILY.xattr.${name}=${'v'.repeat(i * 1000)}`), 'g'));
    const { table } = scan(Buffer.concat([...globals, header({}), end]), 100);
    expect(table.xattrs(0).map(([name, value]) => [name, value.length])).toEqual(names.map((n, i) => [n, i * 1000]));
  });
});
