import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { extract, type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { Core, type EntryTable, Kind } from '../../src/index.ts';
import { end, scan } from '../support/tar.ts';

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
});
