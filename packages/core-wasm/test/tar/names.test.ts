import { describe, expect, it } from 'vitest';
import { Kind } from '../../src/index.ts';
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

  it("an archive's label: no entry, whatever it is called and however long it is", () => {
    for (const name of ['', '../x', 'link'])
      expect(
        paths(
          scan(
            Buffer.concat([
              header({ name: 'd/link', type: '2', link: '/to' }),
              header({ name: `d/${name}`, type: 'V', size: octal(600) }),
              block('x'.repeat(600)),
              header({ name: 'd/link/f' }),
              end,
            ]),
          ).table,
        ),
      ).toEqual(['d', 'd/link', 'to', 'to/f']);
  });

  it("an opaque mark's owner and time are not its directory's", () => {
    const uid = Buffer.from('0001750\0');
    const { table } = scan(Buffer.concat([header({ name: 'd/.wh..wh..opq', uid, mtime: octal(77) }), end]));
    expect([table.path(0), table.uid(0), table.mtimeSec(0), table.mode(0)]).toEqual(['d', 0, 0n, 0o755]);
  });

  it('ISO-8859 names: byte-exact', () => {
    const { table } = scan(Buffer.concat([header({ name: 'caf\xe9' }), end]));
    expect(Buffer.from(table.pathBytes(0)).toString('latin1')).toBe('caf\xe9');
  });

  it('a name that comes tens of thousands of times, and as many links to it: each is the file before it', () => {
    const file = header({ name: 'f', size: octal(1) });
    const bodies = ['a', 'b'].map((body) => Buffer.concat([file, block(body)]));
    const parts = Array.from({ length: 30_000 }, (_, i) => [
      bodies[i % 2] as Buffer,
      header({ name: `l${i}`, type: '1', link: 'f' }),
    ]);
    const { table } = scan(Buffer.concat([...parts.flat(), end]));
    expect(table.count).toBe(30_001);
    const links = Array.from({ length: table.count }, (_, i) => i).filter((i) => table.kind(i) === Kind.hardlink);
    expect(links.map((i) => [table.path(i), table.link(i)])).toEqual([['l29999', 'f']]);
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
