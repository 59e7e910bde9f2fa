import { describe, expect, it } from 'vitest';
import { Core, Kind } from '../../src/index.ts';

describe('packing', () => {
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
