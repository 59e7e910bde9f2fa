import { describe, expect, it } from 'vitest';
import { block, end, header, octal, paths, scan } from '../support/tar.ts';

describe('names in a tar', () => {
  it('GNU L/K, ustar prefix, huge-UID+ustar mix, pre-Go1.7 prefix: read', () => {
    const long = 'n'.repeat(300);
    const base256 = Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe]);
    const { table } = scan(
      Buffer.concat([
        header({ type: 'L', size: octal(long.length + 1) }),
        block(`${long}\0`),
        header({ type: 'K', size: octal(long.length + 1) }),
        block(`${long}\0`),
        header({ name: 'x', type: '2', link: 'x' }),
        header({ name: 'f', prefix: 'ustar-prefix', uid: base256 }),
        header({ name: 'g', prefix: 'old-go', magic: 'ustar  \0' }),
        end,
      ]),
    );
    expect(paths(table)).toEqual([long, 'old-go', 'old-go/g', 'ustar-prefix', 'ustar-prefix/f'].sort());
    expect(table.link(table.find(long))).toBe(long);
    expect(table.uid(table.find('ustar-prefix/f'))).toBe(0xfffffffe);
  });

  it('ISO-8859 names: byte-exact', () => {
    const { table } = scan(Buffer.concat([header({ name: 'caf\xe9' }), end]));
    expect(Buffer.from(table.pathBytes(0)).toString('latin1')).toBe('caf\xe9');
  });

  it('duplicate path, incl. ./x vs x: the later one', () => {
    const { table } = scan(
      Buffer.concat([
        header({ name: 'x', size: octal(1) }),
        block('1'),
        header({ name: './x', size: octal(2) }),
        block('22'),
        end,
      ]),
    );
    expect(paths(table)).toEqual(['x']);
    expect(table.size(0)).toBe(2);
  });
});
