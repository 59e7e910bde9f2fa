import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inflater } from '../../src/layer/inflater.ts';
import { LayerReader, type TarTarget } from '../../src/layer/layer-reader.ts';

/** What a reader makes of a blob that comes in pieces: its plain bytes, or that it is none. */
async function read(blob: Buffer, sizes: readonly number[], inline: boolean): Promise<Buffer | 'no layer'> {
  const plain: Buffer[] = [];
  const target: TarTarget = {
    push: (chunk) => void plain.push(Buffer.from(chunk)),
    finish: () => ({ count: 0 }),
    abort: () => {},
  };
  const reader = new LayerReader(target, { inline });
  for (let at = 0, i = 0; at < blob.length; i++) {
    const size = sizes[i % sizes.length] ?? blob.length;
    await reader.push(blob.subarray(at, at + size));
    at += size;
  }
  const layer = await reader.end();
  reader.abort();
  return layer instanceof Error ? 'no layer' : Buffer.concat(plain);
}

const pieces = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
/** Compressible and not, from nothing to more than the decompressor's own buffer. */
const content = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 3000 }))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)));

describe('gunzip on the thread that calls it', () => {
  it('is there on this Node', () => {
    const inflater = Inflater.make();
    expect(inflater).not.toBeNull();
    inflater?.close();
    inflater?.close();
  });

  it('gives what node:zlib gives, one member or several, whatever the pieces', () =>
    fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 4 }), pieces, async (members, sizes) => {
        const blob = Buffer.concat(members.map((member) => gzipSync(member)));
        const mine = await read(blob, sizes, true);
        expect(mine).toEqual(Buffer.concat(members));
        expect(mine).toEqual(await read(blob, sizes, false));
      }),
      { numRuns: 60 },
    ));

  it('takes zeros after the last member, and nothing after them, as node:zlib does', async () => {
    const blob = Buffer.concat([gzipSync('abc'), Buffer.alloc(700), Buffer.from('whatever')]);
    for (const sizes of [[blob.length], [5, 9, 400]]) {
      expect(await read(blob, sizes, true)).toEqual(Buffer.from('abc'));
    }
    expect(await read(blob, [blob.length], false)).toEqual(Buffer.from('abc'));
  });

  it('refuses what node:zlib refuses: cut off, changed, or followed by rubbish', () =>
    fc.assert(
      fc.asyncProperty(
        content,
        pieces,
        fc.oneof(
          fc.record({ cut: fc.nat() }),
          fc.record({ flip: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }),
          fc.record({ rubbish: fc.uint8Array({ minLength: 1, maxLength: 40 }).filter((bytes) => bytes[0] !== 0) }),
        ),
        async (plain, sizes, harm) => {
          let blob = gzipSync(plain);
          if ('cut' in harm) blob = blob.subarray(0, 4 + (harm.cut % (blob.length - 4)));
          else if ('rubbish' in harm) blob = Buffer.concat([blob, harm.rubbish]);
          else {
            const at = 2 + (harm.flip % (blob.length - 2));
            blob[at] = (blob[at] as number) ^ (1 << harm.bit);
          }
          const whole = [blob.length];
          expect(await read(blob, sizes, true)).toEqual(await read(blob, whole, false));
        },
      ),
      { numRuns: 300 },
    ));
});
