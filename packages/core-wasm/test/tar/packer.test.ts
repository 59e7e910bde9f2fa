import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Core, Kind } from '../../src/index.ts';

describe('packing', () => {
  it('a header is hashed as it is, though it lies in the same memory as the hash', () => {
    const core = new Core();
    const builder = core.tableBuilder();
    builder.add(Kind.file, Buffer.from('name'), 0o644, 0, 0, 0n, 0);
    const packer = core.packer(builder.finish());
    const expected = createHash('sha256').update(packer.header(0)).digest();
    expect(Buffer.from(core.hash.create().update(packer.header(0)).digest())).toEqual(expected);
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
});
