import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { extract, type Header, pack } from 'tar-stream';
import { afterAll, describe, expect, it } from 'vitest';
import { Core, type EntryTable, KernelError, Kind, padding, type ScanLimits } from '../../src/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-tar-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Scans; the table, and each file's bytes put together from its data events. */
function scan(
  tar: Uint8Array,
  chunk = tar.length || 1,
  limits: ScanLimits = {},
): { table: EntryTable; bodies: Map<string, Buffer> } {
  const scanner = new Core().scanTar(limits);
  const bodies = new Map<string, Buffer>();
  const sink = {
    entry: (i: number) => {
      if (scanner.entries.kind(i) === Kind.file)
        bodies.set(scanner.entries.path(i), Buffer.alloc(scanner.entries.size(i)));
    },
    data: (i: number, offset: number, bytes: Uint8Array) => bodies.get(scanner.entries.path(i))?.set(bytes, offset),
    done: () => {},
  };
  for (let at = 0; at < tar.length; at += chunk) scanner.push(tar.subarray(at, at + chunk), sink);
  scanner.end();
  return { table: scanner.table(), bodies };
}
const paths = (table: EntryTable) => Array.from({ length: table.count }, (_, i) => table.path(i));

/** One raw header, checksum and all; for what no writer makes. */
function header(fields: {
  name?: string;
  type?: string;
  size?: Buffer | string;
  uid?: Buffer;
  mtime?: Buffer | string;
  magic?: string;
  prefix?: string;
  major?: Buffer;
  link?: string;
}): Buffer {
  const h = Buffer.alloc(512);
  h.write(fields.name ?? 'f', 0, 'latin1');
  h.write('0000644\0', 100);
  (fields.uid ?? Buffer.from('0000000\0')).copy(h, 108);
  h.write('0000000\0', 116);
  Buffer.from(fields.size ?? '00000000000\0').copy(h, 124);
  Buffer.from(fields.mtime ?? '00000000001\0').copy(h, 136);
  h.write(fields.type ?? '0', 156);
  h.write(fields.link ?? '', 157);
  h.write(fields.magic ?? 'ustar\x0000', 257);
  fields.major?.copy(h, 329);
  h.write(fields.prefix ?? '', 345);
  h.fill(' ', 148, 156);
  h.write(
    `${h
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return h;
}
const block = (bytes: Buffer | string) => {
  const body = Buffer.from(bytes);
  return Buffer.concat([body, Buffer.alloc(padding(body.length))]);
};
const octal = (n: number) => `${n.toString(8).padStart(11, '0')}\0`;
const pax = (records: string | Buffer, type = 'x') => {
  const body = Buffer.from(records);
  return Buffer.concat([header({ type, size: octal(body.length) }), block(body)]);
};
const record = (text: string) => {
  let length = text.length + 3;
  while (`${length} ${text}\n`.length !== length) length++;
  return `${length} ${text}\n`;
};
const end = Buffer.alloc(1024);

describe('tar codec', () => {
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

  it('base-256: accept; negative size: reject', () => {
    const late = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0]);
    const early = Buffer.alloc(12, 0xff);
    const { table } = scan(
      Buffer.concat([header({ name: 'late', mtime: late }), header({ name: 'early', mtime: early }), end]),
    );
    expect([table.mtimeSec(table.find('late')), table.mtimeSec(table.find('early'))]).toEqual([0x10_0000_0000n, -1n]);
    expect(() => scan(Buffer.concat([header({ size: early }), end]))).toThrow(/negative/);
  });

  it('ISO-8859 names: byte-exact', () => {
    const { table } = scan(Buffer.concat([header({ name: 'caf\xe9' }), end]));
    expect(Buffer.from(table.pathBytes(0)).toString('latin1')).toBe('caf\xe9');
  });

  it('missing/extra end blocks: accept', () => {
    const one = header({});
    for (const tail of [
      Buffer.alloc(0),
      Buffer.alloc(512),
      end,
      Buffer.alloc(10240),
      Buffer.concat([end, Buffer.alloc(5000, 'junk')]),
    ])
      expect(paths(scan(Buffer.concat([one, tail])).table)).toEqual(['f']);
  });

  it('20 GB tail junk: constant memory', () => {
    const scanner = new Core().scanTar();
    scanner.push(Buffer.concat([header({}), end]));
    const junk = new Uint8Array(1 << 20).fill(7);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 20 * 1024; i++) scanner.push(junk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect(scanner.count).toBe(1);
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

  it('device major/minor <0 or >2³²−1: reject', () => {
    const negative = Buffer.alloc(8, 0xff);
    const large = Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 0]);
    for (const major of [negative, large])
      expect(() => scan(Buffer.concat([header({ type: '3', major }), end]))).toThrow(/device/);
  });

  it('names >100 bytes when rewriting: force PAX', () => {
    const core = new Core();
    const builder = core.tableBuilder();
    const name = 'p'.repeat(101);
    builder.add(Kind.file, Buffer.from(name), 0o644, 0, 0, 0n, 0);
    const packer = core.packer(builder.finish());
    const bytes = Buffer.from(packer.header(0));
    expect(String.fromCharCode(bytes[156] as number)).toBe('x');
    expect(bytes.subarray(512, 1024).toString()).toContain(`path=${name}\n`);
  });

  it('a cut anywhere within an entry is an error, never a shorter archive', () => {
    const tar = Buffer.concat([
      pax(record('path=a')),
      header({ size: octal(700) }),
      block(Buffer.alloc(700, 'x')),
      header({ name: 'b' }),
      end,
    ]);
    for (let cut = 1; cut < tar.length - end.length; cut++) {
      const part = tar.subarray(0, cut);
      // All of the data there, its padding or less: some writers leave it out.
      if (cut >= 2236 && cut <= 2560) expect(paths(scan(part).table)).toEqual(['a']);
      else expect(() => scan(part), String(cut)).toThrow(KernelError);
    }
  });
});

const name = fc.stringMatching(/^[a-zA-Z0-9 _~+-]{1,30}$/).filter((text) => text.trim() === text);
const entry = fc.record({
  name: fc.array(name, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/')),
  mode: fc.integer({ min: 1, max: 0o7777 }), // tar-stream takes 0 for its default
  uid: fc.nat(262_143), // tar-stream writes six octal digits and reads no pax uid
  gid: fc.nat(100),
  mtime: fc.nat(2 ** 31 - 1), // past 2038 tar-stream writes the largest number there is
  body: fc.uint8Array({ maxLength: 1500 }),
});

describe('against tar-stream', () => {
  it('what it packs is read the same in any chunking', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { selector: (e) => e.name.toLowerCase(), maxLength: 12 }),
        fc.integer({ min: 1, max: 2000 }),
        async (entries, chunk) => {
          // A file may not be another's parent: which of the two wins is the layer rules' business.
          const files = entries.filter(
            (a) =>
              !entries.some((b) => b !== a && (b.name.startsWith(`${a.name}/`) || a.name.startsWith(`${b.name}/`))),
          );
          const tar = pack();
          const bytes = buffer(Readable.from(tar));
          for (const { body, mtime, ...rest } of files)
            tar.entry({ ...rest, size: body.length, mtime: new Date(mtime * 1000) }, Buffer.from(body));
          tar.finalize();
          const whole = await bytes;
          const { table, bodies } = scan(whole, chunk);
          expect(table.bytes).toEqual(scan(whole).table.bytes);
          for (const file of files) {
            const i = table.find(file.name);
            expect([table.mode(i), table.uid(i), table.gid(i), table.mtimeSec(i)]).toEqual([
              file.mode,
              file.uid,
              file.gid,
              BigInt(file.mtime),
            ]);
            expect(bodies.get(file.name)?.equals(Buffer.from(file.body))).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('it reads what is packed, and packing what was scanned changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { selector: (e) => e.name, maxLength: 12 }), async (entries) => {
        const core = new Core();
        const builder = core.tableBuilder();
        for (const e of entries)
          builder.add(Kind.dir, Buffer.from(e.name), e.mode, e.uid, e.gid, BigInt(e.mtime) * 1_000_000_000n + 5n, 0);
        const table = builder.finish();
        const write = (from: EntryTable) => {
          const packer = core.packer(from);
          const parts = Array.from(packer.order, (item) => Buffer.from(packer.header(item)));
          packer.close();
          return Buffer.concat([...parts, end]);
        };
        const tar = write(table);
        expect(write(scan(tar).table).equals(tar)).toBe(true);
        const seen: Header[] = [];
        for await (const one of Readable.from(tar).pipe(extract())) {
          seen.push(one.header as Header);
          one.resume();
        }
        expect(seen.map((h) => h.name.replace(/\/$/, '')).sort()).toEqual(
          [...new Set(entries.map((e) => e.name))].sort(),
        );
        for (const h of seen) {
          const e = entries.findLast((one) => one.name === h.name.replace(/\/$/, ''));
          expect([h.mode, h.uid, h.gid]).toEqual([e?.mode, e?.uid, e?.gid]);
        }
      }),
      { numRuns: 60 },
    );
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
